package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
)

// TestASearchLooksEachOrderUp: an order that the index of words, or of lines, has is looked
// up by its number. SQLite, which has no statistics, would look through all orders before
// that number if another filter has an index: a search took minutes.
func TestASearchLooksEachOrderUp(t *testing.T) {
	t.Parallel()
	plan := planner(t)
	for name, f := range narrow() {
		words, lines, both := f, f, f
		words.Text, lines.SKU, both.Text, both.SKU = "mug", "SKU-1", "mug", "SKU-1"
		for _, f := range []query.OrderFilter{words, lines, both} {
			steps := plan(f)
			require.Regexp(t, `(?m)^SEARCH o USING INDEX \w+ \(generation=\? AND seq=\?\)$`, steps, name)
			require.NotContains(t, steps, "TEMP B-TREE", name)
		}
	}
}

// TestAListOfACustomerReadsTheirOrdersOnly: whatever else is asked for.
func TestAListOfACustomerReadsTheirOrdersOnly(t *testing.T) {
	t.Parallel()
	plan := planner(t)
	for name, f := range narrow() {
		own, named := f, f
		own.Account, named.CustomerID = "cus_1", "cus_1"
		for index, f := range map[string]query.OrderFilter{"account": own, "customer": named} {
			with := f
			with.Text, with.SKU = "mug", "SKU-1"
			for _, f := range []query.OrderFilter{f, with} {
				steps := plan(f)
				require.Regexp(t, `(?m)^SEARCH o USING INDEX orders_`+index+` \(generation=\? AND \w+=\? AND seq[<>]\?( AND seq[<>]\?)?\)$`, steps, name)
				require.NotContains(t, steps, "TEMP B-TREE", name)
			}
		}
	}
}

// narrow has filters that have an index, alone and together.
func narrow() map[string]query.OrderFilter {
	yes, no := true, false
	return map[string]query.OrderFilter{
		"Alone": {}, "Status": {Status: query.Cancelled}, "Reason": {Reason: "OUT_OF_STOCK"}, "Style": {Style: query.Orchestrated},
		"Attention": {NeedsAttention: &yes}, "NoAttention": {NeedsAttention: &no}, "Range": {PlacedAfter: began, PlacedBefore: began.Add(time.Hour)},
		"All": {Status: query.Cancelled, Reason: "OUT_OF_STOCK", Style: query.Orchestrated, NeedsAttention: &yes, PlacedBefore: began},
	}
}

// filled returns a read model on SQLite, with orders.
func filled(t *testing.T) testBundle {
	t.Helper()
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	b := testBundle{store.New(db), generations.New(db), db}
	b.fill(t)
	return b
}

// planner returns how SQLite answers a list of orders.
func planner(t *testing.T) func(query.OrderFilter) string {
	t.Helper()
	b := filled(t)
	return func(f query.OrderFilter) string {
		f.Limit = 20
		all := dbtest.Plans(t, b.db, func(db *gorm.DB) {
			_, err := store.New(db).Orders(t.Context(), f)
			require.NoError(t, err)
		})
		return all[len(all)-1]
	}
}

// TestAListOfProductsSortsNothing: products that are many are listed and counted along an
// index that has them in this order, so the costs of a page are those of the count, which
// reads one index once.
func TestAListOfProductsSortsNothing(t *testing.T) {
	t.Parallel()
	b := filled(t)
	var changes []query.Change
	for n := range 16 {
		sku := fmt.Sprint("mug-", n)
		changes = append(changes, product(sku, "Stone mug", "cups", int64(n), 1), stock(sku, "BER", int64(n), 1))
	}
	b.apply(t, changes...)
	yes, zero := true, int64(0)
	for name, f := range map[string]query.ProductFilter{
		"All": {}, "InStock": {InStock: &yes}, "Priced": {MinPrice: &zero}, "Named": {Text: "mug"}, "OfCategory": {Category: "cups"},
	} {
		for _, f.Sort = range []query.Sort{query.ByRelevance, query.ByName, query.ByPrice, query.ByPriceDown} {
			f.Limit = 3
			counted := 0
			for _, plan := range dbtest.Plans(t, b.db, func(db *gorm.DB) {
				page, err := store.New(db).Products(t.Context(), f)
				require.NoError(t, err)
				require.Len(t, page.Products, 3)
			}) {
				plan = strings.ReplaceAll(plan, "USE TEMP B-TREE FOR LAST TERM OF ORDER BY", "") // products of one price
				require.NotContains(t, plan, "TEMP B-TREE", "%s by %s", name, f.Sort)
				counted += strings.Count(plan, "USING INDEX products_facets (generation=?)")
			}
			require.Equal(t, 1, counted, "%s by %s", name, f.Sort)
		}
	}
}
