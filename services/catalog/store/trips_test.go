package store_test

import (
	"context"
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/catalog/store"
)

// TestRoundTrips counts the round trips of each step of a saga to PostgreSQL,
// once its statements are prepared, so that no round trip is added unnoticed.
func TestRoundTrips(t *testing.T) {
	t.Parallel()

	db, spent := dbtest.Counted(t, store.Schema.Migrate)
	s := setup(t, db)
	two := ask(catalog.Line{SKU: "MUG", Quantity: 2}, catalog.Line{SKU: "KETTLE", Quantity: 1})
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		return []dbtest.Call{
			dbtest.Takes(3, "import", func(ctx context.Context) error { return s.Import(ctx, []catalog.Product{mug(), kettle()}) }),
			dbtest.Takes(2, "quote", func(ctx context.Context) error { return dbtest.Only(s.Quote(ctx, order(saga), two)) }),
			dbtest.Takes(5, "quote again", func(ctx context.Context) error { return dbtest.Only(s.Quote(ctx, order(saga), two)) }),
		}
	})
}
