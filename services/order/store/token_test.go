package store_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/order/store"
)

func TestNoRecordHasAPaymentToken(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		rec := b.create(t, "o1")
		require.Empty(t, rec.Placement.PaymentToken)
		require.NotContains(t, b.stored(t, "o1"), placement().PaymentToken)
	})
}

// stored returns the placement as the database has it.
func (b testBundle) stored(t *testing.T, id string) (placement string) {
	t.Helper()
	require.NoError(t, b.db.Raw("SELECT placement FROM orders WHERE id = ?", id).Scan(&placement).Error)
	return placement
}

// Builds before v0.2.0 stored the token. The migration takes it out of every
// placement, whatever the token and the fields around it are.
func TestAMigrationForgetsTheTokensThatWereStored(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		tokens := map[string]string{
			"plain":     "tok_visa",
			"quoted":    `a","fingerprint":"b`,
			"marked":    `<>&,{}"payment_token":"`,
			"backslash": `\","fingerprint":"\\`,
			"short":     "t",
		}
		for id, token := range tokens {
			b.create(t, id)
			old := placement()
			old.ShipTo.Line1, old.PaymentToken = `","fingerprint":"x" <"payment_token":"y">`, token
			text, err := json.Marshal(old)
			require.NoError(t, err)
			require.NoError(t, b.db.Exec("UPDATE orders SET placement = ? WHERE id = ?", string(text), id).Error)
		}
		untouched := b.create(t, "new")
		before := b.stored(t, "new")

		pool, err := b.db.DB()
		require.NoError(t, err)
		dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[b.db.Name()]
		own, err := goose.NewProvider(dialect, pool, os.DirFS("migrations"))
		require.NoError(t, err)
		_, err = own.DownTo(t.Context(), 5)
		require.NoError(t, err)
		require.NoError(t, store.Schema.Migrate(t.Context(), b.db))

		for id := range tokens {
			rec, err := b.Get(t.Context(), id)
			require.NoError(t, err)
			want := kept()
			want.ShipTo.Line1 = `","fingerprint":"x" <"payment_token":"y">`
			require.Equal(t, want, rec.Placement, id)
			text, err := json.Marshal(want)
			require.NoError(t, err)
			require.Equal(t, string(text), b.stored(t, id), id)
		}
		require.Equal(t, before, b.stored(t, "new"))
		rec, err := b.Get(t.Context(), "new")
		require.NoError(t, err)
		require.Equal(t, untouched, rec)
		require.Equal(t, kept().Lines, rec.Placement.Lines)
	})
}
