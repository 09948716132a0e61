package simulator_test

import (
	"context"
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// TestRoundTrips counts the round trips of each step of a saga to PostgreSQL,
// once its statements are prepared, so that no round trip is added unnoticed.
func TestRoundTrips(t *testing.T) {
	t.Parallel()

	db, spent := dbtest.Counted(t, simulator.Schema.Migrate)
	s := simulator.New(db, simulator.Options{})
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		return []dbtest.Call{
			dbtest.Takes(1, "authorize", func(ctx context.Context) error {
				return dbtest.Only(s.Authorize(ctx, authorization(saga, simulator.TokenVisa)))
			}),
			dbtest.Takes(2, "authorize again", func(ctx context.Context) error {
				return dbtest.Only(s.Authorize(ctx, authorization(saga, simulator.TokenVisa)))
			}),
			dbtest.Takes(3, "capture", func(ctx context.Context) error {
				return dbtest.Only(s.Capture(ctx, provider.Capture{Key: saga + "/c", Authorization: saga, Amount: eur}))
			}),
			dbtest.Takes(4, "refund", func(ctx context.Context) error {
				return dbtest.Only(s.Refund(ctx, provider.Refund{Key: saga + "/r", Capture: saga + "/c", Amount: eur}))
			}),
			dbtest.Takes(1, "authorize another", func(ctx context.Context) error {
				return dbtest.Only(s.Authorize(ctx, authorization(saga+"b", simulator.TokenVisa)))
			}),
			dbtest.Takes(2, "void", func(ctx context.Context) error { return s.Void(ctx, saga+"b") }),
			dbtest.Takes(1, "find", func(ctx context.Context) error { _, _, err := s.Find(ctx, saga); return err }),
			dbtest.Takes(1, "forbid", func(ctx context.Context) error { _, _, err := s.Forbid(ctx, saga+"/f"); return err }),
		}
	})
}
