package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

// atOnce runs n copies of f at once and returns their answers.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = patiently(func() error { return f(i) })
		})
	}
	close(begin)
	all.Wait()
	return errs
}

// wins counts the calls that succeeded; all others must have been refused.
func wins(t *testing.T, errs []error) int {
	t.Helper()

	n := 0
	for _, err := range errs {
		if err == nil {
			n++
			continue
		}
		requireFault(t, err, fault.Business, inventory.OutOfStock)
	}
	return n
}

func TestReserveRace(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TenUnitsGoToExactlyTenOfAHundredBuyers", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "LIMITED", "BER", 10)
			errs := atOnce(100, func(i int) error {
				_, err := b.Reserve(t.Context(), reserve(fmt.Sprintf("buyer-%d", i)), ask(line("LIMITED", 1)))
				return err
			})
			require.Equal(t, 10, wins(t, errs))
			b.requireStock(t, "LIMITED", 0, 10, 0)
			b.requireConsistent(t.Context(), t, "LIMITED")
		})

		// Each buyer's lines name the SKUs in another order, and two warehouses have
		// them: locks taken in the order of the lines would deadlock.
		t.Run("NoReserveIsRefusedIfStockSuffices", func(t *testing.T) {
			t.Parallel()

			skus := []string{"P", "Q", "R"}
			for _, sku := range skus {
				b.receive(t, sku, "BER", 20)
				b.receive(t, sku, "AMS", 20)
			}
			errs := atOnce(40, func(i int) error {
				k := reserve(fmt.Sprintf("mixed-%d", i))
				_, err := b.Reserve(t.Context(), k, ask(line(skus[i%3], 1), line(skus[(i+1+i%2)%3], 1), line(skus[(i+2-i%2)%3], 1)))
				return err
			})
			require.Equal(t, 40, wins(t, errs))
			b.requireConsistent(t.Context(), t, skus...)
		})

		// A buyer who needs two SKUs of which one is short must not make another
		// one fail who needs the other only.
		t.Run("WhoIsRefusedTakesNothingFromOthers", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "PLENTY", "BER", 10)
			b.receive(t, "SCARCE", "BER", 1)
			errs := atOnce(30, func(i int) error {
				if i < 10 {
					_, err := b.Reserve(t.Context(), reserve(fmt.Sprintf("modest-%d", i)), ask(line("PLENTY", 1)))
					return err
				}
				_, err := b.Reserve(t.Context(), reserve(fmt.Sprintf("greedy-%d", i)), ask(line("PLENTY", 1), line("SCARCE", 2)))
				return err
			})
			require.Equal(t, 10, wins(t, errs[:10]))
			require.Zero(t, wins(t, errs[10:]))
			b.requireStock(t, "PLENTY", 0, 10, 0)
			b.requireStock(t, "SCARCE", 1, 0, 0)
		})

		t.Run("TheSameKeyHoldsOnce", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "SAME", "BER", 30)
			errs := atOnce(20, func(int) error {
				_, err := b.Reserve(t.Context(), reserve("same"), ask(line("SAME", 1)))
				return err
			})
			require.Equal(t, 20, wins(t, errs))
			b.requireStock(t, "SAME", 29, 1, 0)
		})

		t.Run("ReserveAndReleaseEndReleasedOrBlocked", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "UNDO", "BER", 30)
			errs := atOnce(20, func(i int) error {
				if i%2 == 0 {
					return b.Release(t.Context(), reserve("undo"))
				}
				_, err := b.Reserve(t.Context(), reserve("undo"), ask(line("UNDO", 1)))
				return err
			})
			for i, err := range errs {
				if i%2 == 0 {
					require.NoError(t, err)
				} else if err != nil {
					requireFault(t, err, fault.Suspension, fault.Suspended)
				}
			}
			b.requireStock(t, "UNDO", 30, 0, 0)
			require.NotContains(t, b.states(t, "undo"), inventory.Held)
		})

		t.Run("CommitAndReleaseDoNotBothHappen", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "END", "BER", 1)
			_, err := b.Reserve(t.Context(), reserve("end"), ask(line("END", 1)))
			require.NoError(t, err)
			errs := atOnce(2, func(i int) error {
				if i == 0 {
					return b.Release(t.Context(), reserve("end"))
				}
				_, err := b.Commit(t.Context(), commit("end"))
				return err
			})
			require.NotEqual(t, errs[0] == nil, errs[1] == nil, "%v", errs)
			b.requireConsistent(t.Context(), t, "END")
		})

		t.Run("CommitsReleasesAndReservesOfTheSameRowsAllHappen", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "LEFT", "AMS", 40)
			b.receive(t, "RIGHT", "BER", 40)
			lines := []inventory.Line{line("LEFT", 1), line("RIGHT", 1)}
			backwards := []inventory.Line{lines[1], lines[0]}
			for i := range 20 {
				_, err := b.Reserve(t.Context(), reserve(fmt.Sprintf("same rows %d", i)), inventory.ReserveRequest{Lines: lines})
				require.NoError(t, err)
			}
			for _, err := range atOnce(30, func(i int) error {
				saga := fmt.Sprintf("same rows %d", i)
				switch {
				case i >= 20:
					_, err := b.Reserve(t.Context(), reserve(saga), inventory.ReserveRequest{Lines: backwards})
					return err
				case i%2 == 0:
					_, err := b.Commit(t.Context(), commit(saga))
					return err
				}
				return b.Release(t.Context(), reserve(saga))
			}) {
				require.NoError(t, err)
			}
			b.requireStock(t, "LEFT", 20, 10, 10)
			b.requireStock(t, "RIGHT", 20, 10, 10)
		})

		t.Run("DeliveriesAddUp", func(t *testing.T) {
			t.Parallel()

			for _, err := range atOnce(20, func(int) error {
				_, err := b.Receive(t.Context(), inventory.Delivery{SKU: "ARRIVES", Warehouse: "NEW", Quantity: 2, By: "clerk"})
				return err
			}) {
				require.NoError(t, err)
			}
			b.requireStock(t, "ARRIVES", 40, 0, 0)
		})
	})
}

// Whatever is done, in whatever order, the stock equation holds and agrees with
// the reservations, and what is done is what a simple model says.
func TestStockAlwaysAddsUp(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++ // stock and sagas of its own: the database stays
			skus := []string{fmt.Sprintf("%d-S", run), fmt.Sprintf("%d-T", run), fmt.Sprintf("%d-U", run)}
			sku := rapid.SampledFrom(skus)
			saga := rapid.Map(rapid.IntRange(0, 4), func(i int) string { return fmt.Sprintf("%d-saga-%d", run, i) })
			requests := map[string]inventory.ReserveRequest{}
			state := map[string]string{} // of each saga: held, refused, undone, sold
			for range rapid.IntRange(1, 15).Draw(t, "steps") {
				id := saga.Draw(t, "saga")
				switch rapid.SampledFrom([]string{"receive", "reserve", "reserve", "release", "commit"}).Draw(t, "do") {
				case "receive":
					_, err := b.Receive(ctx, inventory.Delivery{
						SKU: sku.Draw(t, "sku"), Warehouse: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "warehouse"),
						Quantity: rapid.Int64Range(1, 5).Draw(t, "quantity"), By: "clerk",
					})
					require.NoError(t, err)
				case "reserve":
					req, known := requests[id]
					if !known {
						for _, s := range rapid.SliceOfNDistinct(sku, 1, 3, rapid.ID).Draw(t, "skus") {
							req.Lines = append(req.Lines, line(s, rapid.Int64Range(1, 4).Draw(t, "quantity")))
						}
						requests[id] = req
					}
					_, err := b.Reserve(ctx, reserve(id), req)
					switch {
					case state[id] == "undone":
						requireFault(t, err, fault.Suspension, fault.Suspended)
					case state[id] == "held" || state[id] == "sold":
						require.NoError(t, err)
					case err == nil:
						require.Empty(t, state[id])
						state[id] = "held"
					default:
						requireFault(t, err, fault.Business, inventory.OutOfStock)
						state[id] = "refused"
					}
				case "release":
					err := b.Release(ctx, reserve(id))
					if state[id] == "sold" {
						requireFault(t, err, fault.Bug, fault.Conflict)
						break
					}
					require.NoError(t, err)
					if state[id] != "refused" {
						state[id] = "undone"
					}
				case "commit":
					_, err := b.Commit(ctx, commit(id))
					if state[id] != "held" && state[id] != "sold" {
						requireFault(t, err, fault.Bug, inventory.NothingHeld)
						break
					}
					require.NoError(t, err)
					state[id] = "sold"
				}
			}
			b.requireConsistent(ctx, t, skus...)
		})
	})
}
