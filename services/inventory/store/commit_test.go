package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

func TestCommit(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TwiceIsOnce", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "TEA", "BER", 3)
			b.receive(t, "MUG", "AMS", 3)
			_, err := b.Reserve(t.Context(), reserve("twice"), ask(line("TEA", 2), line("MUG", 3)))
			require.NoError(t, err)
			_, err = b.Reserve(t.Context(), reserve("other"), ask(line("TEA", 1)))
			require.NoError(t, err)
			for range 2 {
				got, err := b.Commit(t.Context(), commit("twice"))
				require.NoError(t, err)
				require.Equal(t, inventory.Commitment{Units: 5}, got)
				b.requireStock(t, "TEA", 0, 1, 2)
				b.requireStock(t, "MUG", 0, 0, 3)
			}
			require.Equal(t, []inventory.State{inventory.Committed}, b.states(t, "twice"))
			require.Equal(t, []inventory.State{inventory.Held}, b.states(t, "other"))
			b.requireConsistent(t.Context(), t, "TEA", "MUG")
		})

		t.Run("TakesEveryGenerationThatIsHeld", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "GEN", "BER", 9)
			k := reserve("generations")
			for k.Generation = range 3 {
				_, err := b.Reserve(t.Context(), k, ask(line("GEN", 1+int64(k.Generation))))
				require.NoError(t, err)
			}
			require.NoError(t, b.Release(t.Context(), reserve("generations")))
			got, err := b.Commit(t.Context(), commit("generations"))
			require.NoError(t, err)
			require.Equal(t, inventory.Commitment{Units: 5}, got)
			b.requireStock(t, "GEN", 4, 0, 5)
			require.Equal(t, []inventory.State{inventory.Released, inventory.Committed, inventory.Committed}, b.states(t, "generations"))
		})

		t.Run("OfNothingIsABugThatIsNotRecorded", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "NOTHING", "BER", 3)
			for range 2 {
				_, err := b.Commit(t.Context(), commit("nothing"))
				requireFault(t, err, fault.Bug, inventory.NothingHeld)
			}
			_, err := b.Reserve(t.Context(), reserve("nothing"), ask(line("NOTHING", 1)))
			require.NoError(t, err)
			got, err := b.Commit(t.Context(), commit("nothing"))
			require.NoError(t, err, "a saga that holds something by now commits it")
			require.Equal(t, inventory.Commitment{Units: 1}, got)
		})

		t.Run("OfWhatWasReleasedIsABug", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "BACK", "BER", 3)
			_, err := b.Reserve(t.Context(), reserve("back"), ask(line("BACK", 1)))
			require.NoError(t, err)
			require.NoError(t, b.Release(t.Context(), reserve("back")))
			_, err = b.Commit(t.Context(), commit("back"))
			requireFault(t, err, fault.Bug, inventory.NothingHeld)
			b.requireStock(t, "BACK", 3, 0, 0)
		})
	})
}

func TestReceive(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("EveryCallIsADelivery", func(t *testing.T) {
			t.Parallel()

			for i := range int64(3) {
				got, err := b.Receive(t.Context(), inventory.Delivery{SKU: "TEA", Warehouse: "BER", Quantity: 5, By: "clerk"})
				require.NoError(t, err)
				want := inventory.Stock{SKU: "TEA", Warehouse: "BER", Available: 5 * (i + 1), Received: 5 * (i + 1)}
				require.Equal(t, want, got)
			}
		})

		t.Run("LeavesWhatIsHeldAndSoldAlone", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "MUG", "BER", 3)
			_, err := b.Reserve(t.Context(), reserve("held"), ask(line("MUG", 1)))
			require.NoError(t, err)
			_, err = b.Reserve(t.Context(), reserve("sold"), ask(line("MUG", 2)))
			require.NoError(t, err)
			_, err = b.Commit(t.Context(), commit("sold"))
			require.NoError(t, err)
			got, err := b.Receive(t.Context(), inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 4, By: "clerk"})
			require.NoError(t, err)
			want := inventory.Stock{SKU: "MUG", Warehouse: "BER", Available: 4, Reserved: 1, Committed: 2, Received: 7}
			require.Equal(t, want, got)
		})

		t.Run("RefusesWhatBreaksARule", func(t *testing.T) {
			t.Parallel()

			for _, d := range []inventory.Delivery{
				{SKU: "BAD", Warehouse: "BER", Quantity: 0, By: "clerk"},
				{SKU: "BAD", Warehouse: "B/R", Quantity: 1, By: "clerk"},
				{SKU: "", Warehouse: "BER", Quantity: 1, By: "clerk"},
				{SKU: "BAD", Warehouse: "BER", Quantity: 1},
			} {
				_, err := b.Receive(t.Context(), d)
				requireFault(t, err, fault.Business, fault.Invalid)
			}
			stock, err := b.Stock(t.Context(), "BAD")
			require.NoError(t, err)
			require.Empty(t, stock)
		})
	})
}
