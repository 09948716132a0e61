package store_test

import (
	"context"
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/store"
)

// TestRoundTrips counts the round trips of each step of a saga to PostgreSQL,
// once its statements are prepared (two parcels), so that no round trip is
// added unnoticed. Facts travel with COMMIT; an undo takes a transaction to begin, so
// that it can be told.
func TestRoundTrips(t *testing.T) {
	t.Parallel()

	db, spent := dbtest.Counted(t, store.Schema.Migrate)
	s := store.New(db)
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		return []dbtest.Call{
			dbtest.Takes(2, "intend", func(ctx context.Context) error { return dbtest.Only(s.Intend(ctx, step(saga), request)) }),
			dbtest.Takes(1, "record booked", func(ctx context.Context) error {
				return dbtest.Only(s.RecordBooked(ctx, step(saga), booking(step(saga)).Shipments[0]))
			}),
			dbtest.Takes(2, "conclude", func(ctx context.Context) error {
				return s.Conclude(ctx, step(saga), booking(step(saga)), booking(step(saga)).Shipments[1:])
			}),
			dbtest.Takes(4, "begin undo", func(ctx context.Context) error { return dbtest.Only(s.BeginUndo(ctx, step(saga))) }),
			dbtest.Takes(1, "record cancelled", func(ctx context.Context) error {
				return s.RecordCancelled(ctx, step(saga), booking(step(saga)).Shipments[0])
			}),
			dbtest.Takes(4, "end undo", func(ctx context.Context) error {
				return s.EndUndo(ctx, step(saga), shipping.Undo{Booked: true}, booking(step(saga)).Shipments[1:])
			}),
			dbtest.Takes(2, "intend another", func(ctx context.Context) error { return dbtest.Only(s.Intend(ctx, step(saga+"b"), request)) }),
			dbtest.Takes(1, "begin refusal", func(ctx context.Context) error {
				return dbtest.Only(s.BeginRefusal(ctx, step(saga+"b"), "BER", refusal))
			}),
			dbtest.Takes(4, "end refusal", func(ctx context.Context) error {
				return s.EndRefusal(ctx, step(saga+"b"), refusal, booking(step(saga + "b")).Shipments[:1])
			}),
		}
	})
}
