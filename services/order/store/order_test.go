package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/order"
)

func TestCreate(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("RecordsTheWholePlacement", func(t *testing.T) {
			t.Parallel()

			got := b.create(t, "whole")
			require.Equal(t, placement().PlacedAt.Truncate(time.Microsecond), got.CreatedAt, "by the clock of the saga")
			require.Equal(t, order.Record{
				ID: "whole", Version: 1, Status: order.Pending, Placement: kept(), CreatedAt: got.CreatedAt, UpdatedAt: got.CreatedAt,
			}, got)
			b.requireStored(t, got)
			require.Empty(t, b.history(t, "whole"))
		})

		t.Run("HasTheTimesThatTheSagaSends", func(t *testing.T) {
			t.Parallel()

			ahead := placement().PlacedAt.Add(time.Minute).Truncate(time.Microsecond)
			b.create(t, "timed")
			rec, err := b.Decide(t.Context(), decide("timed"), order.Decision{Reason: order.OutOfStock, At: ahead})
			require.NoError(t, err)
			require.Equal(t, ahead, rec.DecidedAt)
			end := cancelled(order.OutOfStock)
			end.Note.At = ahead.Add(time.Second)
			rec, err = b.Cancel(t.Context(), cancel("timed"), end)
			require.NoError(t, err)
			require.Equal(t, end.Note.At, rec.UpdatedAt)
			require.Equal(t, end.Note.At, b.history(t, "timed")[0].At)
		})

		t.Run("HasTheHostsTimeWithoutOne", func(t *testing.T) {
			t.Parallel()

			p := placement()
			p.PlacedAt = time.Time{}
			before := time.Now().UTC().Truncate(time.Microsecond)
			rec, err := b.Create(t.Context(), create("untimed"), p)
			require.NoError(t, err)
			require.WithinRange(t, rec.CreatedAt, before, time.Now())
		})

		t.Run("TwiceIsOnce", func(t *testing.T) {
			t.Parallel()

			first := b.create(t, "twice")
			require.Equal(t, first, b.create(t, "twice"))
			b.requireStored(t, first)
		})

		t.Run("AnswersTheRecordWhateverThePlacementSays", func(t *testing.T) {
			t.Parallel()

			first := b.create(t, "truth")
			other := placement()
			other.CustomerID, other.Fingerprint, other.Lines = "cus_43", "beef", []order.Line{{SKU: "TEA", Quantity: 9}}
			for _, p := range []order.Placement{other, {}} {
				got, err := b.Create(t.Context(), create("truth"), p)
				require.NoError(t, err)
				require.Equal(t, first, got)
			}
			b.requireStored(t, first)
		})

		t.Run("AnswersHowTheOrderEndedToALateCreate", func(t *testing.T) {
			t.Parallel()

			b.create(t, "late")
			ended, err := b.Cancel(t.Context(), cancel("late"), cancelled(order.OutOfStock))
			require.NoError(t, err)
			require.Equal(t, ended, b.create(t, "late"))
			require.Len(t, b.history(t, "late"), 1)
		})

		t.Run("RefusesWhatBreaksARuleAndLeavesNothing", func(t *testing.T) {
			t.Parallel()

			bad := placement()
			bad.Lines = append(bad.Lines, bad.Lines[0])
			_, err := b.Create(t.Context(), create("bad"), bad)
			requireFault(t, err, fault.Business, fault.Invalid)
			_, err = b.Get(t.Context(), "bad")
			requireFault(t, err, fault.Business, fault.NotFound)
		})

		t.Run("RefusesNoID", func(t *testing.T) {
			t.Parallel()

			_, err := b.Create(t.Context(), create(""), placement())
			requireFault(t, err, fault.Bug, fault.Conflict)
		})
	})
}

func TestConfirm(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TwiceIsOnce", func(t *testing.T) {
			t.Parallel()

			want := b.create(t, "twice")
			got, err := b.Confirm(t.Context(), confirm("twice"), confirmed())
			require.NoError(t, err)
			want.Status, want.Total, want.View, want.UpdatedAt, want.Version = order.Confirmed, confirmed().Total, confirmed().View, got.UpdatedAt, 2
			require.Equal(t, want, got)
			require.False(t, got.UpdatedAt.Before(got.CreatedAt))
			b.requireStored(t, want)

			later := confirmed()
			later.Total.Minor, later.View = 1, nil
			got, err = b.Confirm(t.Context(), confirm("twice"), later)
			require.NoError(t, err)
			require.Equal(t, want, got)
			b.requireStored(t, want)
			require.Equal(t, []order.Change{{From: order.Pending, To: order.Confirmed, At: want.UpdatedAt}}, b.history(t, "twice"))
		})

		t.Run("OfACancelledOrderIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			b.create(t, "cancelled")
			want, err := b.Cancel(t.Context(), cancel("cancelled"), cancelled(order.Deadline))
			require.NoError(t, err)
			_, err = b.Confirm(t.Context(), confirm("cancelled"), confirmed())
			requireFault(t, err, fault.Bug, order.IllegalTransition)
			b.requireStored(t, want)
			require.Len(t, b.history(t, "cancelled"), 1)
		})

		t.Run("OfAClosingThatDoesNotFitIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			want := b.create(t, "unfit")
			_, err := b.Confirm(t.Context(), confirm("unfit"), order.Closing{})
			requireFault(t, err, fault.Bug, fault.Invalid)
			b.requireStored(t, want)
			require.Empty(t, b.history(t, "unfit"))
		})

		t.Run("OfWhatWasNeverCreatedIsABug", func(t *testing.T) {
			t.Parallel()

			_, err := b.Confirm(t.Context(), confirm("never"), confirmed())
			requireFault(t, err, fault.Bug, fault.NotFound)
		})
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TwiceIsOnceAndTheFirstReasonStays", func(t *testing.T) {
			t.Parallel()

			want := b.create(t, "twice")
			got, err := b.Cancel(t.Context(), cancel("twice"), cancelled(order.PaymentDeclined))
			require.NoError(t, err)
			want.Status, want.Reason, want.View, want.UpdatedAt, want.Version = order.Cancelled, order.PaymentDeclined, cancelled("").View, got.UpdatedAt, 2
			require.Equal(t, want, got)
			for _, reason := range []order.Reason{order.PaymentDeclined, order.CustomerRequest} {
				got, err = b.Cancel(t.Context(), cancel("twice"), cancelled(reason))
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			b.requireStored(t, want)
			require.Equal(t, []order.Change{
				{From: order.Pending, To: order.Cancelled, Reason: order.PaymentDeclined, At: want.UpdatedAt},
			}, b.history(t, "twice"))
		})

		t.Run("KeepsTheTotalIfThereIsOne", func(t *testing.T) {
			t.Parallel()

			b.create(t, "quoted")
			c := cancelled(order.OutOfStock)
			c.Total, c.View = confirmed().Total, nil
			got, err := b.Cancel(t.Context(), cancel("quoted"), c)
			require.NoError(t, err)
			require.Equal(t, c.Total, got.Total)
			require.Nil(t, got.View)
			b.requireStored(t, got)
		})

		t.Run("OfAConfirmedOrderIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			b.create(t, "confirmed")
			want, err := b.Confirm(t.Context(), confirm("confirmed"), confirmed())
			require.NoError(t, err)
			_, err = b.Cancel(t.Context(), cancel("confirmed"), cancelled(order.CustomerRequest))
			requireFault(t, err, fault.Bug, order.IllegalTransition)
			b.requireStored(t, want)
			require.Len(t, b.history(t, "confirmed"), 1)
		})

		t.Run("ForNoReasonOfTheListIsABugAndChangesNothing", func(t *testing.T) {
			t.Parallel()

			want := b.create(t, "unlisted")
			_, err := b.Cancel(t.Context(), cancel("unlisted"), cancelled("BORED"))
			requireFault(t, err, fault.Bug, fault.Invalid)
			b.requireStored(t, want)
		})

		t.Run("OfWhatWasNeverCreatedIsABugAndLeavesNothing", func(t *testing.T) {
			t.Parallel()

			_, err := b.Cancel(t.Context(), cancel("never"), cancelled(order.Deadline))
			requireFault(t, err, fault.Bug, fault.NotFound)
			_, err = b.Get(t.Context(), "never")
			requireFault(t, err, fault.Business, fault.NotFound)
		})
	})
}

func TestListInPages(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		var want []order.Record
		for i := range 7 {
			want = append(want, b.create(t, fmt.Sprintf("order-%d", i)))
		}
		var err error
		want[3], err = b.Confirm(t.Context(), confirm("order-3"), confirmed())
		require.NoError(t, err)

		for _, limit := range []int{1, 3, 7, 8, 1000} {
			var got []order.Record
			for after, last := "", false; !last; {
				page, err := b.List(t.Context(), order.Filter{After: after, Limit: limit})
				require.NoError(t, err)
				require.LessOrEqual(t, len(page), limit)
				got = append(got, page...)
				if last = len(page) < limit; !last {
					after = page[len(page)-1].ID
				}
			}
			require.Equal(t, want, got, "pages of %d", limit)
		}
		for _, limit := range []int{-1, 0, 1001} {
			_, err := b.List(t.Context(), order.Filter{Limit: limit})
			requireFault(t, err, fault.Business, fault.Invalid)
		}
	})
}

func TestMissing(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "here")
		missing, err := b.Missing(t.Context(), []string{"gone", "here", "away"})
		require.NoError(t, err)
		require.Equal(t, []string{"gone", "away"}, missing)

		many := make([]string, 1000)
		for i := range many {
			many[i] = fmt.Sprint(i)
		}
		missing, err = b.Missing(t.Context(), many)
		require.NoError(t, err)
		require.Equal(t, many, missing)
		_, err = b.Missing(t.Context(), slices.Concat(many, []string{"one too many"}))
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	})
}

func TestGetRefusesAStatusItDoesNotKnow(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "newer")
		require.NoError(t, b.db.Exec("UPDATE orders SET status = 'SHIPPED', changes = 1 WHERE id = 'newer'").Error)
		_, err := b.Get(t.Context(), "newer")
		requireFault(t, err, fault.Bug, fault.Internal)
		_, err = b.Cancel(t.Context(), cancel("newer"), cancelled(order.Deadline))
		requireFault(t, err, fault.Bug, fault.Internal)
	})
}
