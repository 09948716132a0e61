package store_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

// correct is a correction of the stock of a SKU in BER.
func correct(sku string, units int64, reference string) inventory.Adjustment {
	return inventory.Adjustment{SKU: sku, Warehouse: "BER", Units: units, Reason: "counted", By: "clerk", Reference: reference}
}

// adjust makes a correction that must succeed, and reports whether it was booked
// before.
func (b testBundle) adjust(t *testing.T, a inventory.Adjustment) (repeated bool) {
	t.Helper()
	_, repeated, err := b.Adjust(t.Context(), a)
	require.NoError(t, err)
	return repeated
}

// units returns the units of a SKU's entries, and checks their positions.
func (b testBundle) units(t *testing.T, sku string) (units []int64) {
	t.Helper()
	entries, err := b.Journal(t.Context(), sku)
	require.NoError(t, err)
	for i, e := range entries {
		require.EqualValues(t, i+1, e.Position)
		units = append(units, e.Units)
	}
	return units
}

// requireExplained checks that the doctor finds nothing.
func (b testBundle) requireExplained(t *testing.T) {
	t.Helper()
	wrong, err := b.AuditStock(t.Context())
	require.NoError(t, err)
	require.Empty(t, wrong)
}

func TestAdjust(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("ChangesTheStockAndTheJournalTogether", func(t *testing.T) {
			t.Parallel()
			b.receive(t, "MUG", "BER", 10)
			b.adjust(t, correct("MUG", -3, "count-1"))
			stock, repeated, err := b.Adjust(t.Context(), correct("MUG", 1, ""))
			require.NoError(t, err)
			require.False(t, repeated)
			require.Equal(t, inventory.Stock{SKU: "MUG", Warehouse: "BER", Available: 8, Received: 8}, stock)
			b.requireStock(t, "MUG", 8, 0, 0)

			entries, err := b.Journal(t.Context(), "MUG")
			require.NoError(t, err)
			for i := range entries {
				require.WithinDuration(t, time.Now(), entries[i].At, time.Minute)
				entries[i].At = time.Time{}
			}
			require.Equal(t, []inventory.Entry{
				{SKU: "MUG", Warehouse: "BER", Position: 1, Kind: inventory.Delivered, Units: 10, By: "clerk"},
				{SKU: "MUG", Warehouse: "BER", Position: 2, Kind: inventory.Correction, Units: -3, By: "clerk", Reason: "counted", Reference: "count-1"},
				{SKU: "MUG", Warehouse: "BER", Position: 3, Kind: inventory.Correction, Units: 1, By: "clerk", Reason: "counted"},
			}, entries)
		})

		t.Run("TakesNothingFromOrders", func(t *testing.T) {
			t.Parallel()
			b.receive(t, "KETTLE", "BER", 5)
			_, err := b.Reserve(t.Context(), reserve("keeps-its-kettles"), ask(line("KETTLE", 3)))
			require.NoError(t, err)
			_, _, err = b.Adjust(t.Context(), correct("KETTLE", -3, "count-1"))
			requireFault(t, err, fault.Business, inventory.TooFew)
			require.ErrorContains(t, err, "2 are available, 3 reserved for orders")
			b.requireStock(t, "KETTLE", 2, 3, 0)
			require.Equal(t, []int64{5}, b.units(t, "KETTLE"), "a refusal leaves no entry")
			require.False(t, b.adjust(t, correct("KETTLE", -2, "count-1")), "nor its reference")
			b.requireStock(t, "KETTLE", 0, 3, 0)
		})

		t.Run("BooksAReferenceOnce", func(t *testing.T) {
			t.Parallel()
			b.receive(t, "TEA", "BER", 5)
			b.receive(t, "TEA", "AMS", 5)
			require.False(t, b.adjust(t, correct("TEA", 2, "count-1")))
			require.True(t, b.adjust(t, correct("TEA", 2, "count-1")))
			_, _, err := b.Adjust(t.Context(), correct("TEA", 3, "count-1"))
			requireFault(t, err, fault.Business, fault.Mismatch)
			elsewhere := correct("TEA", 2, "count-1")
			elsewhere.Warehouse = "AMS"
			require.False(t, b.adjust(t, elsewhere), "one count has many shelves")
			for range 2 {
				require.False(t, b.adjust(t, correct("TEA", 1, "")), "without one, every call is a correction")
			}
			stock, err := b.Stock(t.Context(), "TEA")
			require.NoError(t, err)
			require.Equal(t, []int64{7, 9}, []int64{stock[0].Available, stock[1].Available})
		})

		t.Run("RefusesStockThatWasNeverReceived", func(t *testing.T) {
			t.Parallel()
			_, _, err := b.Adjust(t.Context(), correct("NEVER", 1, ""))
			requireFault(t, err, fault.Business, inventory.NeverReceived)
			require.Empty(t, b.units(t, "NEVER"))
		})

		t.Run("RacesWithItself", func(t *testing.T) {
			t.Parallel()
			b.receive(t, "RACE", "BER", 5)
			var first atomic.Int64
			for _, err := range atOnce(20, func(int) error {
				_, repeated, err := b.Adjust(t.Context(), correct("RACE", -1, "one"))
				if err == nil && !repeated {
					first.Add(1)
				}
				return err
			}) {
				require.NoError(t, err)
			}
			require.EqualValues(t, 1, first.Load())
			refused := 0
			for _, err := range atOnce(20, func(i int) error {
				_, _, err := b.Adjust(t.Context(), correct("RACE", -1, fmt.Sprint("other-", i)))
				return err
			}) {
				if err != nil {
					requireFault(t, err, fault.Business, inventory.TooFew)
					refused++
				}
			}
			require.Equal(t, 16, refused, "four were left")
			b.requireStock(t, "RACE", 0, 0, 0)
			require.Equal(t, []int64{5, -1, -1, -1, -1, -1}, b.units(t, "RACE"))
		})
	})
}

// An existing database begins its journal with the units that it has received, also
// if the journal was dropped in between.
func TestTheJournalOfAnExistingDatabase(t *testing.T) {
	t.Parallel()

	sql, err := os.ReadFile("migrations/00002_inventory.sql")
	require.NoError(t, err)
	before := database.Schema{barrier.Migrations, fstest.MapFS{"00002_inventory.sql": {Data: sql}}}
	dbtest.Each(t, before.Migrate, func(t *testing.T, db *gorm.DB) {
		for _, statement := range []string{
			"INSERT INTO warehouses VALUES ('BER', CURRENT_TIMESTAMP)",
			"INSERT INTO stock VALUES ('MUG', 'BER', 7, 0, 0, 7)",
			"INSERT INTO stock VALUES ('TEA', 'BER', 0, 0, 0, 0)",
		} {
			require.NoError(t, db.Exec(statement).Error)
		}
		require.NoError(t, inventorystore.Schema.Migrate(t.Context(), db))
		b := testBundle{inventorystore.New(db)}
		b.requireExplained(t)
		entries, err := b.Journal(t.Context(), "MUG")
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, inventory.Opening, entries[0].Kind)
		require.EqualValues(t, 7, entries[0].Units)
		require.WithinDuration(t, time.Now(), entries[0].At, time.Minute)

		b.receive(t, "MUG", "BER", 1)
		b.adjust(t, correct("TEA", 4, ""))
		require.Equal(t, []int64{7, 1}, b.units(t, "MUG"))
		require.Equal(t, []int64{0, 4}, b.units(t, "TEA"))
		b.requireExplained(t)
	})
}

// A correction of nothing sets stock that was changed by SQL back, and keeps who did so.
func TestACorrectionOfNothingSetsTheStockBack(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b := testBundle{inventorystore.New(db)}
		exec := func(statement string) { require.NoError(t, db.Exec(statement).Error) }
		b.receive(t, "BOWL", "BER", 10)
		_, err := b.Reserve(t.Context(), reserve("keeps-its-bowls"), ask(line("BOWL", 3)))
		require.NoError(t, err)
		for _, damage := range []string{
			"UPDATE stock SET available = available - 2, received = received - 2",
			"UPDATE stock SET reserved = reserved - 1, available = available + 1",
		} {
			exec(damage)
			wrong, err := b.AuditStock(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, wrong)
			b.adjust(t, correct("BOWL", 0, ""))
			b.requireStock(t, "BOWL", 7, 3, 0)
			b.requireExplained(t)
		}
		require.Equal(t, []int64{10, 0, 0}, b.units(t, "BOWL"))

		exec("UPDATE stock_journal SET units = 2 WHERE position = 1")
		_, _, err = b.Adjust(t.Context(), correct("BOWL", 0, ""))
		requireFault(t, err, fault.Business, inventory.TooFew)
		require.ErrorContains(t, err, "has 2 units, and 3 are reserved or sold")
	})
}
