package store_test

import (
	"os"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()
	dbtest.UpDownUp(t, store.Schema.Migrate, store.Schema.Ready)
}

func TestAMigrationTellsTheOrdersOfAccountsFromThoseOfGuests(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		const account, guest = "5d0ee7a8-7d2f-8b5a-9f0e-0242ac120002", "5d0ee7a8-7d2f-4b5a-8f0e-0242ac120002"
		for _, id := range []string{account, guest} {
			o := newOrder(1)
			o.ID, o.CustomerID = id, "cus_1"
			b.apply(t, told(o, 1))
		}
		pool, err := b.db.DB()
		require.NoError(t, err)
		dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[b.db.Name()]
		own, err := goose.NewProvider(dialect, pool, os.DirFS("migrations"))
		require.NoError(t, err)
		_, err = own.DownTo(t.Context(), 1)
		require.NoError(t, err)
		require.NoError(t, store.Schema.Migrate(t.Context(), b.db))

		page, err := b.Orders(t.Context(), query.OrderFilter{Account: "cus_1", Limit: 9})
		require.NoError(t, err)
		require.Len(t, page.Orders, 1)
		require.Equal(t, account, page.Orders[0].Order.ID)
	})
}
