package store_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/store"
)

func TestABookingTellsItsRecord(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, r, ctx := store.New(db), told.New(db), t.Context()
		intend := func(saga string) {
			_, err := s.Intend(ctx, step(saga), request)
			require.NoError(t, err)
		}
		intend("a")
		require.Empty(t, r.Names(t), "an intent has no result yet")
		var all sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			all.Go(func() {
				for errs[i] = error(refusal); errs[i] != nil; { // as an activity repeats it
					errs[i] = s.Conclude(ctx, step("a"), booking(step("a")), booking(step("a")).Shipments)
					if fault.KindOf(errs[i]) != fault.Transient {
						break
					}
				}
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		events := r.Events(t)
		require.Len(t, events, 1)
		require.Equal(t, shipping.BookedData{Key: step("a"), Booking: booking(step("a"))}, told.Read(t, shipping.BookedFact, events[0]))

		undo, err := s.BeginUndo(ctx, step("a"))
		require.NoError(t, err)
		require.Empty(t, r.Names(t))
		require.NoError(t, s.EndUndo(ctx, step("a"), undo, nil))
		require.NoError(t, s.EndUndo(ctx, step("a"), undo, nil))
		require.Equal(t, []string{"shipping.cancelled a"}, r.Names(t))

		intend("refused")
		_, err = s.BeginRefusal(ctx, step("refused"), "BER", refusal)
		require.NoError(t, err)
		require.Empty(t, r.Names(t))
		require.NoError(t, s.EndRefusal(ctx, step("refused"), refusal, nil))
		events = r.Events(t)
		require.Len(t, events, 1)
		require.Equal(t, shipping.RefusedData{Key: step("refused"), Code: shipping.Undeliverable}, told.Read(t, shipping.RefusedFact, events[0]))

		_, err = s.BeginUndo(ctx, step("never"))
		require.NoError(t, err)
		intend("uncertain")
		require.NoError(t, s.EndUndo(ctx, step("uncertain"), shipping.Undo{Open: true}, nil))
		require.Equal(t, []string{"shipping.cancelled never", "shipping.cancelled uncertain"}, r.Names(t))

		// The loser of a race with an undo tells nothing.
		require.Error(t, s.Conclude(ctx, step("uncertain"), booking(step("uncertain")), booking(step("uncertain")).Shipments))
		require.Empty(t, r.Names(t))
		told.RequireAbsent(t, db, "Ada Buyer", "Hauptstr", "10115", "not there")
	})
}

func TestARepeatedBookingTellsUnderACause(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, r := store.New(db), told.New(db)
		ctx := event.CausedBy(t.Context(), event.Event{ID: "again"})
		k := step("a")
		for range 2 {
			ticket, err := s.Intend(ctx, k, request)
			require.NoError(t, err)
			if !ticket.Done {
				require.NoError(t, s.Conclude(ctx, k, booking(k), booking(k).Shipments))
			}
		}
		require.Equal(t, []string{"shipping.booked a", "shipping.booked a"}, r.Names(t))
		_, err := s.Intend(ctx, k, shipping.BookRequest{Parcels: request.Parcels})
		require.NoError(t, err)
		require.Equal(t, []string{"shipping.booked a"}, r.Names(t), "also without the address")

		for range 2 {
			undo, err := s.BeginUndo(ctx, k)
			require.NoError(t, err)
			if undo.Open {
				require.NoError(t, s.EndUndo(ctx, k, undo, nil))
			}
		}
		events := r.Events(t)
		require.Len(t, events, 2, "an outcome that is about to be taken back is not told")
		for _, e := range events {
			require.Equal(t, shipping.CancelledData{Key: k, Held: true}, told.Read(t, shipping.CancelledFact, e))
			require.Equal(t, "again", e.Causation)
		}

		_, err = s.Intend(t.Context(), step("refused"), request)
		require.NoError(t, err)
		require.NoError(t, s.EndRefusal(t.Context(), step("refused"), refusal, nil))
		require.Equal(t, []string{"shipping.refused refused"}, r.Names(t))
		_, err = s.BeginUndo(ctx, step("refused"))
		require.NoError(t, err)
		require.Equal(t, []string{"shipping.cancelled refused"}, r.Names(t), "those who asked for the undo learn that nothing is booked")
	})
}
