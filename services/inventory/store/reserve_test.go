package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

func TestReserve(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("HoldsEveryLineInTheFewestParcels", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "TEA", "BER", 5)
			b.receive(t, "TEA", "AMS", 5)
			b.receive(t, "MUG", "BER", 5)
			got, err := b.Reserve(t.Context(), reserve("fewest"), ask(line("TEA", 2), line("MUG", 1)))
			require.NoError(t, err)
			require.Equal(t, inventory.Reservation{Parcels: []inventory.Parcel{
				{Warehouse: "BER", Lines: []inventory.Line{line("MUG", 1), line("TEA", 2)}},
			}}, got)

			stock, err := b.Stock(t.Context(), "TEA")
			require.NoError(t, err)
			require.Equal(t, []inventory.Stock{
				{SKU: "TEA", Warehouse: "AMS", Available: 5, Received: 5},
				{SKU: "TEA", Warehouse: "BER", Available: 3, Reserved: 2, Received: 5},
			}, stock)
			b.requireStock(t, "MUG", 4, 1, 0)
		})

		t.Run("TwiceIsOnce", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "POT", "BER", 5)
			b.receive(t, "LID", "AMS", 5)
			first, err := b.Reserve(t.Context(), reserve("twice"), ask(line("POT", 2), line("LID", 2)))
			require.NoError(t, err)
			second, err := b.Reserve(t.Context(), reserve("twice"), ask(line("LID", 2), line("POT", 2)))
			require.NoError(t, err, "the order of the lines does not matter")
			require.Equal(t, first, second)
			require.Len(t, second.Parcels, 2)
			b.requireStock(t, "POT", 3, 2, 0)
			b.requireStock(t, "LID", 3, 2, 0)
			require.Equal(t, []inventory.State{inventory.Held}, b.states(t, "twice"))
		})

		t.Run("RefusesAKeyThatAskedSomethingElse", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "CUP", "BER", 5)
			b.receive(t, "SAUCER", "BER", 5)
			_, err := b.Reserve(t.Context(), reserve("reused"), ask(line("CUP", 2)))
			require.NoError(t, err)
			for _, other := range []inventory.ReserveRequest{
				ask(line("CUP", 3)), ask(line("SAUCER", 2)), ask(line("CUP", 2), line("SAUCER", 1)), ask(),
			} {
				_, err = b.Reserve(t.Context(), reserve("reused"), other)
				requireFault(t, err, fault.Bug, fault.Mismatch)
			}
			b.requireStock(t, "CUP", 3, 2, 0)
			b.requireStock(t, "SAUCER", 5, 0, 0)
		})

		t.Run("RefusalLeavesNoLineReserved", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "A", "BER", 5)
			b.receive(t, "B", "AMS", 5)
			b.receive(t, "Z", "BER", 1)
			_, err := b.Reserve(t.Context(), reserve("short"), ask(line("A", 1), line("B", 1), line("Z", 2)))
			requireFault(t, err, fault.Business, inventory.OutOfStock)
			b.requireStock(t, "A", 5, 0, 0)
			b.requireStock(t, "B", 5, 0, 0)
			b.requireStock(t, "Z", 1, 0, 0)
			require.Empty(t, b.states(t, "short"))
		})

		t.Run("RefusalStaysWhenStockArrives", func(t *testing.T) {
			t.Parallel()

			_, first := b.Reserve(t.Context(), reserve("sticky"), ask(line("LATE", 1)))
			requireFault(t, first, fault.Business, inventory.OutOfStock)
			b.receive(t, "LATE", "BER", 10)
			_, second := b.Reserve(t.Context(), reserve("sticky"), ask(line("LATE", 1)))
			requireFault(t, second, fault.Business, inventory.OutOfStock)
			require.Equal(t, first.Error(), second.Error())
			b.requireStock(t, "LATE", 10, 0, 0)

			_, err := b.Reserve(t.Context(), reserve("new"), ask(line("LATE", 1)))
			require.NoError(t, err, "another saga gets it")
		})

		t.Run("RefusesWhatBreaksARuleAndRecordsIt", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "DUP", "BER", 5)
			for saga, req := range map[string]inventory.ReserveRequest{
				"none":     ask(),
				"same-sku": ask(line("DUP", 1), line("DUP", 1)),
				"nothing":  ask(line("DUP", 0)),
				"nul":      ask(line("DUP\x00", 1)),
			} {
				_, err := b.Reserve(t.Context(), reserve(saga), req)
				requireFault(t, err, fault.Business, fault.Invalid)
				_, err = b.Reserve(t.Context(), reserve(saga), req)
				requireFault(t, err, fault.Business, fault.Invalid)
				_, err = b.Reserve(t.Context(), reserve(saga), ask(line("DUP", 1)))
				requireFault(t, err, fault.Bug, fault.Mismatch)
			}
			b.requireStock(t, "DUP", 5, 0, 0)
		})

		t.Run("HoldsAgainForTheNextGeneration", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "GEN", "BER", 5)
			next := reserve("generations")
			next.Generation = 1
			_, err := b.Reserve(t.Context(), reserve("generations"), ask(line("GEN", 1)))
			require.NoError(t, err)
			_, err = b.Reserve(t.Context(), next, ask(line("GEN", 2)))
			require.NoError(t, err)
			require.NoError(t, b.Release(t.Context(), reserve("generations")))
			b.requireStock(t, "GEN", 3, 2, 0)
			require.Equal(t, []inventory.State{inventory.Released, inventory.Held}, b.states(t, "generations"))
		})
	})
}

func TestRelease(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TwiceIsOnce", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "TEA", "BER", 3)
			b.receive(t, "TEA", "AMS", 3)
			b.receive(t, "MUG", "AMS", 3)
			_, err := b.Reserve(t.Context(), reserve("twice"), ask(line("TEA", 5), line("MUG", 3)))
			require.NoError(t, err)
			_, err = b.Reserve(t.Context(), reserve("other"), ask(line("TEA", 1)))
			require.NoError(t, err)

			for range 2 {
				require.NoError(t, b.Release(t.Context(), reserve("twice")))
				b.requireStock(t, "MUG", 3, 0, 0)
				b.requireConsistent(t.Context(), t, "TEA", "MUG")
			}
			require.Equal(t, []inventory.State{inventory.Released}, b.states(t, "twice"))
			require.Equal(t, []inventory.State{inventory.Held}, b.states(t, "other"))
		})

		t.Run("OfWhatNeverHappenedIsFineAndBlocksALateReserve", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "NEVER", "BER", 3)
			require.NoError(t, b.Release(t.Context(), reserve("never")))
			require.NoError(t, b.Release(t.Context(), reserve("never")))
			_, err := b.Reserve(t.Context(), reserve("never"), ask(line("NEVER", 1)))
			requireFault(t, err, fault.Suspension, fault.Suspended)
			b.requireStock(t, "NEVER", 3, 0, 0)
			require.Empty(t, b.states(t, "never"))
		})

		t.Run("RefusesALateReserve", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "ZOMBIE", "BER", 3)
			_, err := b.Reserve(t.Context(), reserve("zombie"), ask(line("ZOMBIE", 1)))
			require.NoError(t, err)
			require.NoError(t, b.Release(t.Context(), reserve("zombie")))
			_, err = b.Reserve(t.Context(), reserve("zombie"), ask(line("ZOMBIE", 1)))
			requireFault(t, err, fault.Suspension, fault.Suspended)
			_, err = b.Reserve(t.Context(), reserve("zombie"), ask())
			requireFault(t, err, fault.Suspension, fault.Suspended)
			b.requireStock(t, "ZOMBIE", 3, 0, 0)
		})

		t.Run("OfWhatWasRefusedIsFine", func(t *testing.T) {
			t.Parallel()

			_, err := b.Reserve(t.Context(), reserve("refused"), ask(line("NOWHERE", 1)))
			requireFault(t, err, fault.Business, inventory.OutOfStock)
			require.NoError(t, b.Release(t.Context(), reserve("refused")))
		})

		t.Run("OfWhatIsSoldIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "SOLD", "BER", 3)
			_, err := b.Reserve(t.Context(), reserve("sold"), ask(line("SOLD", 2)))
			require.NoError(t, err)
			_, err = b.Commit(t.Context(), commit("sold"))
			require.NoError(t, err)
			for range 2 {
				requireFault(t, b.Release(t.Context(), reserve("sold")), fault.Bug, fault.Conflict)
			}
			b.requireStock(t, "SOLD", 1, 0, 2)
			require.Equal(t, []inventory.State{inventory.Committed}, b.states(t, "sold"))
		})
	})
}
