package store_test

import (
	"context"
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
)

// TestRoundTrips counts the round trips of each step of a saga to PostgreSQL,
// once its statements are prepared, so that no round trip is added unnoticed.
func TestRoundTrips(t *testing.T) {
	t.Parallel()

	db, spent := dbtest.Counted(t, orderstore.Schema.Migrate)
	s := orderstore.New(db)
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		return []dbtest.Call{
			dbtest.Takes(1, "keep the contact", func(ctx context.Context) error {
				return s.KeepContact(ctx, saga, placement().Fingerprint, reach)
			}),
			dbtest.Takes(2, "create", func(ctx context.Context) error { return dbtest.Only(s.Create(ctx, create(saga), placement())) }),
			dbtest.Takes(3, "create again", func(ctx context.Context) error { return dbtest.Only(s.Create(ctx, create(saga), placement())) }),
			dbtest.Takes(2, "note", func(ctx context.Context) error {
				return s.Note(ctx, confirm(saga), order.Note{At: placement().DecideBy})
			}),
			dbtest.Takes(2, "confirm", func(ctx context.Context) error { return dbtest.Only(s.Confirm(ctx, confirm(saga), confirmed())) }),
			dbtest.Takes(2, "confirm again", func(ctx context.Context) error { return dbtest.Only(s.Confirm(ctx, confirm(saga), confirmed())) }),
			dbtest.Takes(2, "create another", func(ctx context.Context) error { return dbtest.Only(s.Create(ctx, create(saga+"b"), placement())) }),
			dbtest.Takes(2, "cancel", func(ctx context.Context) error {
				return dbtest.Only(s.Cancel(ctx, cancel(saga+"b"), cancelled(order.OutOfStock)))
			}),
			dbtest.Takes(2, "note a flag", func(ctx context.Context) error {
				return s.Note(ctx, note(saga+"b"), order.Note{At: noted, Attention: []ledger.Attention{mismatch}})
			}),
			dbtest.Takes(3, "acknowledge", func(ctx context.Context) error {
				return dbtest.Only(s.Acknowledge(ctx, acknowledge(saga+"b"), looked("night")))
			}),
			dbtest.Takes(2, "create a third", func(ctx context.Context) error { return dbtest.Only(s.Create(ctx, create(saga+"c"), placement())) }),
			dbtest.Takes(2, "decide", func(ctx context.Context) error {
				return dbtest.Only(s.Decide(ctx, decide(saga+"c"), order.Decision{Reason: order.OutOfStock}))
			}),
			dbtest.Takes(1, "get", func(ctx context.Context) error { return dbtest.Only(s.Get(ctx, saga)) }),
		}
	})
}
