package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment/store"
)

// The ledger of all orders is long, and a page shows that of one.
func TestThePostingsOfASagaAreFoundByIndexes(t *testing.T) {
	t.Parallel()

	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	plans := dbtest.Plans(t, db, func(db *gorm.DB) {
		_, err := store.New(db).Postings(t.Context(), "s")
		require.NoError(t, err)
	})
	require.Len(t, plans, 1)
	require.Contains(t, plans[0], "USING INDEX postings_refunds (payment_id=?)\n")
	require.Contains(t, plans[0], "USING INDEX postings_once (payment_id=?)\n")
	require.NotContains(t, plans[0], "SCAN")
}
