package simulator_test

import (
	"context"
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/shipping/carrier/simulator"
)

// TestRoundTrips counts the round trips of each step of a saga to PostgreSQL,
// once its statements are prepared, so that no round trip is added unnoticed.
func TestRoundTrips(t *testing.T) {
	t.Parallel()

	db, spent := dbtest.Counted(t, simulator.Schema.Migrate)
	s := simulator.New(db, simulator.Options{})
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		return []dbtest.Call{
			dbtest.Takes(1, "book", func(ctx context.Context) error { return dbtest.Only(s.Book(ctx, saga, parcel("10115"))) }),
			dbtest.Takes(2, "book again", func(ctx context.Context) error { return dbtest.Only(s.Book(ctx, saga, parcel("10115"))) }),
			dbtest.Takes(1, "find", func(ctx context.Context) error { _, _, err := s.Find(ctx, saga); return err }),
			dbtest.Takes(1, "cancel", func(ctx context.Context) error { return s.Cancel(ctx, saga) }),
			dbtest.Takes(1, "forbid", func(ctx context.Context) error { _, _, err := s.Forbid(ctx, saga+"/f"); return err }),
		}
	})
}
