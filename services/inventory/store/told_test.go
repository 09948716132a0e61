package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

func TestStepsTellTheirFacts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b, r, ctx := testBundle{inventorystore.New(db)}, told.New(db), t.Context()
		b.receive(t, "MUG", "BER", 10)
		require.Equal(t, []string{"inventory.stock_changed MUG"}, r.Names(t))
		_, repeated, err := b.Adjust(ctx, correct("MUG", -1, "count"))
		require.NoError(t, err)
		require.False(t, repeated)
		require.Equal(t, []string{"inventory.stock_changed MUG"}, r.Names(t))
		_, repeated, err = b.Adjust(ctx, correct("MUG", -1, "count"))
		require.NoError(t, err)
		require.True(t, repeated)
		require.Empty(t, r.Names(t), "a repeat changes no stock")

		_, err = b.Reserve(ctx, reserve("a"), ask(line("MUG", 2)))
		require.NoError(t, err)
		events := r.Events(t)
		require.Len(t, events, 2)
		require.Equal(t, inventory.StockData{SKU: "MUG", Warehouse: "BER", Available: 7}, told.Read(t, inventory.StockChangedFact, events[0]))
		require.Equal(t, []any{"MUG", "a", int64(3)}, []any{events[0].Key, events[0].Correlation, events[0].Sequence})
		require.Equal(t, inventory.ReservedData{
			Key: reserve("a"), Reservation: inventory.Reservation{Parcels: []inventory.Parcel{{Warehouse: "BER", Lines: []inventory.Line{line("MUG", 2)}}}},
		}, told.Read(t, inventory.ReservedFact, events[1]))
		require.Equal(t, []any{"a", "a", int64(0)}, []any{events[1].Key, events[1].Correlation, events[1].Sequence})

		_, err = b.Commit(ctx, commit("a"))
		require.NoError(t, err)
		require.Equal(t, []string{"inventory.committed a"}, r.Names(t), "no more and no less can be reserved")

		_, err = b.Reserve(ctx, reserve("many"), ask(line("MUG", 99)))
		requireFault(t, err, fault.Business, inventory.OutOfStock)
		events = r.Events(t)
		require.Len(t, events, 1)
		require.Equal(t, inventory.RefusedData{Key: reserve("many"), Code: inventory.OutOfStock}, told.Read(t, inventory.RefusedFact, events[0]))
		require.NoError(t, b.Release(ctx, reserve("many")))
		require.Empty(t, r.Names(t), "a refusal is told already")

		_, err = b.Reserve(ctx, reserve("b"), ask(line("MUG", 2)))
		require.NoError(t, err)
		require.Len(t, r.Events(t), 2)
		require.NoError(t, b.Release(ctx, reserve("b")))
		events = r.Events(t)
		require.Len(t, events, 2)
		require.Equal(t, int64(7), told.Read(t, inventory.StockChangedFact, events[0]).Available)
		require.Equal(t, int64(5), events[0].Sequence)
		require.Equal(t, inventory.ReleasedData{
			Key: reserve("b"), Parcels: []inventory.Parcel{{Warehouse: "BER", Lines: []inventory.Line{line("MUG", 2)}}},
		}, told.Read(t, inventory.ReleasedFact, events[1]))

		require.NoError(t, b.Release(ctx, reserve("never")))
		events = r.Events(t)
		require.Len(t, events, 1)
		require.Equal(t, inventory.ReleasedData{Key: reserve("never")}, told.Read(t, inventory.ReleasedFact, events[0]))
	})
}

func TestARepeatTellsOnlyUnderACause(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b, r := testBundle{inventorystore.New(db)}, told.New(db)
		b.receive(t, "MUG", "BER", 10)
		_, err := b.Reserve(t.Context(), reserve("a"), ask(line("MUG", 2)))
		require.NoError(t, err)
		first := r.Events(t)[2]
		for _, err := range atOnce(20, func(int) error {
			_, err := b.Reserve(t.Context(), reserve("a"), ask(line("MUG", 2)))
			return err
		}) {
			require.NoError(t, err)
		}
		require.Empty(t, r.Names(t))

		ctx := event.CausedBy(t.Context(), event.Event{ID: "asked-again"})
		_, err = b.Reserve(ctx, reserve("a"), ask(line("MUG", 2)))
		require.NoError(t, err)
		again := r.Events(t)
		require.Len(t, again, 1, "the stock has not changed")
		require.JSONEq(t, string(first.Data), string(again[0].Data))
		require.NotEqual(t, first.ID, again[0].ID)
		require.Equal(t, "asked-again", again[0].Causation)

		require.NoError(t, b.Release(ctx, reserve("a")))
		require.NoError(t, b.Release(ctx, reserve("a")))
		require.Equal(t, []string{"inventory.stock_changed MUG", "inventory.released a", "inventory.released a"}, r.Names(t))
		_, err = b.Reserve(ctx, reserve("many"), ask(line("MUG", 99)))
		require.Error(t, err)
		_, err = b.Reserve(ctx, reserve("many"), ask(line("MUG", 99)))
		require.Error(t, err)
		require.NoError(t, b.Release(ctx, reserve("many")))
		require.Equal(t, []string{"inventory.refused many", "inventory.refused many", "inventory.released many"}, r.Names(t),
			"those who asked for the release learn that nothing is held")
	})
}

func TestTwentyCallsAtOnceTellOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b, r := testBundle{inventorystore.New(db)}, told.New(db)
		b.receive(t, "MUG", "BER", 10)
		require.Len(t, r.Events(t), 1)
		for _, err := range atOnce(20, func(int) error {
			_, err := b.Reserve(t.Context(), reserve("a"), ask(line("MUG", 2)))
			return err
		}) {
			require.NoError(t, err)
		}
		require.Equal(t, []string{"inventory.stock_changed MUG", "inventory.reserved a"}, r.Names(t))
	})
}

func TestAnEffectThatIsRolledBackTellsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b, r := testBundle{inventorystore.New(db)}, told.New(db)
		b.receive(t, "MUG", "BER", 10)
		require.Len(t, r.Events(t), 1)
		// The last statement of the effect, after its facts, fails.
		require.NoError(t, db.Exec("ALTER TABLE reservation_lines RENAME TO elsewhere").Error)
		_, err := b.Reserve(t.Context(), reserve("a"), ask(line("MUG", 2)))
		require.Error(t, err)
		require.Empty(t, r.Names(t))
		require.NoError(t, db.Exec("ALTER TABLE elsewhere RENAME TO reservation_lines").Error)
		_, err = b.Commit(t.Context(), commit("a"))
		requireFault(t, err, fault.Bug, inventory.NothingHeld)
		require.Empty(t, r.Names(t))
	})
}

// The sequence is the version of a stock row: in the order of the outbox it grows by
// one, and with it the units that are available.
func TestTheSequenceOfStockNeverGoesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b, r := testBundle{inventorystore.New(db)}, told.New(db)
		b.receive(t, "MUG", "BER", 100)
		for _, err := range atOnce(20, func(i int) error {
			saga := fmt.Sprintf("s%d", i)
			_, err := b.Reserve(t.Context(), reserve(saga), ask(line("MUG", int64(i+1)%4+1)))
			switch {
			case err != nil:
				return err
			case i%4 == 0:
				return b.Release(t.Context(), reserve(saga))
			case i%4 == 1:
				_, err = b.Commit(t.Context(), commit(saga))
			case i%4 == 2:
				_, _, err = b.Adjust(t.Context(), correct("MUG", 5, saga))
			default:
				_, err = b.Receive(t.Context(), inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 1, By: "clerk"})
			}
			return err
		}) {
			require.NoError(t, err)
		}
		var last inventory.StockData
		var sequence int64
		for _, e := range r.Events(t) {
			if e.Type == inventory.StockChangedFact.Type() {
				sequence++
				require.Equal(t, sequence, e.Sequence)
				last = told.Read(t, inventory.StockChangedFact, e)
			}
		}
		require.Equal(t, int64(1+20+5+5+5), sequence)
		stock, err := b.Stock(t.Context(), "MUG")
		require.NoError(t, err)
		require.Equal(t, stock[0].Available, last.Available)
	})
}
