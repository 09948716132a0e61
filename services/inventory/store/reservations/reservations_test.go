package reservations_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/inventory/store/reservations"
)

// The reservations of all orders are many, and a page shows those of one.
func TestTheReservationsOfASagaAreFoundByIndexes(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	s := store.New(db)
	_, err := s.Receive(t.Context(), inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 1, By: "ada"})
	require.NoError(t, err)
	_, err = s.Reserve(t.Context(), key.New("s", "inventory.reserve"), inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "MUG", Quantity: 1}}})
	require.NoError(t, err)
	_, err = s.Commit(t.Context(), key.New("s", "inventory.commit"))
	require.NoError(t, err)

	plans := dbtest.Plans(t, db, func(db *gorm.DB) {
		all, err := reservations.Of(t.Context(), db, "s")
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.False(t, all[0].TakenBack)
	})
	require.Len(t, plans, 2, "the reservations, and whether what was sold came back")
	for _, plan := range plans {
		require.NotContains(t, plan, "SCAN")
	}
	require.Contains(t, plans[1], "stock_journal_return")
}
