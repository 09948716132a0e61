package store_test

import (
	"context"
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store"
)

// TestRoundTrips counts the round trips of each step of a saga to PostgreSQL,
// once its statements are prepared (two lines from two warehouses), so that no
// round trip is added unnoticed.
func TestRoundTrips(t *testing.T) {
	t.Parallel()

	db, spent := dbtest.Counted(t, store.Schema.Migrate)
	s := testBundle{store.New(db)}
	s.receive(t, "MUG", "BER", 100)
	s.receive(t, "KETTLE", "AMS", 100)
	two := inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}}}
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		return []dbtest.Call{
			dbtest.Takes(3, "receive", func(ctx context.Context) error {
				return dbtest.Only(s.Receive(ctx, inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 1, By: "clerk"}))
			}),
			dbtest.Takes(3, "adjust", func(ctx context.Context) error {
				_, _, err := s.Adjust(ctx, correct("MUG", 1, "count-"+saga))
				return err
			}),
			dbtest.Takes(3, "reserve", func(ctx context.Context) error { return dbtest.Only(s.Reserve(ctx, reserve(saga), two)) }),
			dbtest.Takes(3, "reserve again", func(ctx context.Context) error { return dbtest.Only(s.Reserve(ctx, reserve(saga), two)) }),
			dbtest.Takes(2, "commit", func(ctx context.Context) error { return dbtest.Only(s.Commit(ctx, commit(saga))) }),
			dbtest.Takes(3, "reserve another", func(ctx context.Context) error { return dbtest.Only(s.Reserve(ctx, reserve(saga+"b"), two)) }),
			// One more for the stock that becomes available, which its fact tells.
			dbtest.Takes(5, "release", func(ctx context.Context) error { return s.Release(ctx, reserve(saga+"b")) }),
			dbtest.Takes(2, "release nothing", func(ctx context.Context) error { return s.Release(ctx, reserve(saga+"c")) }),
		}
	})
}
