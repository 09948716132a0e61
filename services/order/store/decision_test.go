package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

func decide(id string) key.Key { return key.New(id, "order.decide") }

func against(r order.Reason) order.Decision { return order.Decision{Reason: r} }

func TestDecide(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TwiceIsOnceAndTheFirstReasonStays", func(t *testing.T) {
			t.Parallel()

			want := b.create(t, "twice")
			got, err := b.Decide(t.Context(), decide("twice"), against(order.Undeliverable))
			require.NoError(t, err)
			require.False(t, got.DecidedAt.Before(want.CreatedAt))
			want.Decided, want.DecidedAt, want.Version = order.Undeliverable, got.DecidedAt, 2
			require.Equal(t, want, got, "it has not moved")
			b.requireStored(t, want)
			for _, reason := range []order.Reason{order.Undeliverable, order.CustomerRequest, order.Internal} {
				got, err = b.Decide(t.Context(), decide("twice"), against(reason))
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			b.requireStored(t, want)
			require.Empty(t, b.history(t, "twice"), "it is no change of status")

			got, err = b.Cancel(t.Context(), cancel("twice"), cancelled(order.Internal))
			require.NoError(t, err)
			require.Equal(t, order.Undeliverable, got.Reason)
			require.Equal(t, want.DecidedAt, got.DecidedAt)
			b.requireStored(t, got)
			require.Equal(t, order.Undeliverable, b.history(t, "twice")[0].Reason)
		})

		t.Run("AnswersTheWaivers", func(t *testing.T) {
			t.Parallel()

			b.create(t, "waived")
			require.NoError(t, b.Note(t.Context(), note("waived"), order.Note{At: noted, Waivers: []ledger.Waiver{waived}}))
			got, err := b.Decide(t.Context(), decide("waived"), against(order.Deadline))
			require.NoError(t, err)
			require.Equal(t, []ledger.Waiver{waived}, got.Waivers)

			require.NoError(t, b.Note(t.Context(), note("waived"), order.Note{At: noted.Add(time.Second), Attention: []ledger.Attention{void}}))
			kept, err := b.Get(t.Context(), "waived")
			require.NoError(t, err)
			require.Equal(t, order.Deadline, kept.Decided, "a note leaves it alone")
			require.Equal(t, got.DecidedAt, kept.DecidedAt)
		})

		t.Run("OfACancelledOrderAnswersItsRecord", func(t *testing.T) {
			t.Parallel()

			b.create(t, "cancelled")
			want, err := b.Cancel(t.Context(), cancel("cancelled"), cancelled(order.PaymentDeclined))
			require.NoError(t, err)
			got, err := b.Decide(t.Context(), decide("cancelled"), against(order.Internal))
			require.NoError(t, err)
			require.Equal(t, want, got)
			b.requireStored(t, want)
		})

		t.Run("OfAConfirmedOrderIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			b.create(t, "confirmed")
			want, err := b.Confirm(t.Context(), confirm("confirmed"), confirmed())
			require.NoError(t, err)
			_, err = b.Decide(t.Context(), decide("confirmed"), against(order.Deadline))
			requireFault(t, err, fault.Bug, order.IllegalTransition)
			b.requireStored(t, want)
		})

		t.Run("AndThenConfirmIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			b.create(t, "against")
			want, err := b.Decide(t.Context(), decide("against"), against(order.Deadline))
			require.NoError(t, err)
			_, err = b.Confirm(t.Context(), confirm("against"), confirmed())
			requireFault(t, err, fault.Bug, order.IllegalTransition)
			b.requireStored(t, want)
		})

		t.Run("ForNoReasonOfTheListIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			want := b.create(t, "unlisted")
			_, err := b.Decide(t.Context(), decide("unlisted"), against("BORED"))
			requireFault(t, err, fault.Bug, fault.Invalid)
			b.requireStored(t, want)
		})

		t.Run("OfWhatWasNeverCreatedIsABugAndLeavesNothing", func(t *testing.T) {
			t.Parallel()

			_, err := b.Decide(t.Context(), decide("never"), against(order.Deadline))
			requireFault(t, err, fault.Bug, fault.NotFound)
			_, err = b.Get(t.Context(), "never")
			requireFault(t, err, fault.Business, fault.NotFound)
		})
	})
}

// A run that was reset and the one after it may decide at the same time: all of
// them get the reason that won.
func TestDecideRace(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		reasons := []order.Reason{order.CustomerRequest, order.Deadline, order.OutOfStock}
		for round := range 5 {
			id := fmt.Sprintf("race-%d", round)
			b.create(t, id)
			records, errs := atOnce(func(i int) (order.Record, error) {
				return b.Decide(t.Context(), decide(id), against(reasons[i%3]))
			})
			for i := range racers {
				require.NoError(t, errs[i])
				require.Equal(t, records[0], records[i])
			}
			b.requireStored(t, records[0])
		}
	})
}
