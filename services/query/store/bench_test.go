package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
)

// benchSize is how many orders, and how many products, the read model has that is measured.
const benchSize = 100_000

// orderLists are lists of orders of every shape.
func orderLists() map[string]query.OrderFilter {
	yes := true
	return map[string]query.OrderFilter{
		"ListNewest": {}, "ListOwn": {CustomerID: "cus_77"}, "ListBySKU": {SKU: "SKU-7"}, "ListAttention": {NeedsAttention: &yes},
		"ListCancelled": {Status: query.Cancelled}, "ListReason": {Reason: "OUT_OF_STOCK"},
		"ListSecond": {PlacedAfter: began, PlacedBefore: began.Add(2 * time.Second)}, "ListOld": {MinAge: time.Hour},
		"SearchID": {Text: "ord 0042"}, "SearchOwn": {CustomerID: "cus_77", Text: "mug"}, "SearchCommon": {Text: "mug"},
		"SearchTwo": {Text: "mug sku 7"}, "SearchLetter": {Text: "s"}, "SearchNone": {Text: "mug zzz"},
		"SearchCancelled": {Text: "mug", Status: query.Cancelled}, "SearchReason": {Text: "mug", Reason: "OUT_OF_STOCK"}, "SearchAttention": {Text: "mug", NeedsAttention: &yes},
		"SearchSKU": {Text: "mug", SKU: "SKU-7"}, "ListSKUCancelled": {SKU: "SKU-7", Status: query.Cancelled}, "SearchSecond": {Text: "mug", PlacedBefore: began.Add(2 * time.Second)},
	}
}

// productLists are lists of products of every shape.
func productLists() map[string]query.ProductFilter {
	yes, low, high := true, int64(1000), int64(1100)
	return map[string]query.ProductFilter{
		"ProductsAll": {}, "ProductsCheapest": {Sort: query.ByPrice}, "ProductsInStock": {InStock: &yes}, "ProductsOfCategory": {Category: "category 7"},
		"ProductsOfPrice": {MinPrice: &low, MaxPrice: &high, Sort: query.ByPriceDown}, "ProductsNamed": {Text: "kettle 77"},
		"ProductsCommon": {Text: "kettle"}, "ProductsNone": {Text: "kettle zzz"},
	}
}

// BenchmarkReadModel measures the projection of facts, and lists and searches of a read
// model of 100,000 orders and as many products: the median, the 99th percentile and the
// longest, in milliseconds, and the CPU time of this process, which is all of it on SQLite.
//
//	go test ./services/query/store -run '^$' -bench ReadModel -benchtime 300x
func BenchmarkReadModel(b *testing.B) {
	for engine, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			db := dbtest.Open(b, dsn(b), database.Options{CustomPlans: true})
			require.NoError(b, store.Schema.Migrate(b.Context(), db))
			s := testBundle{store.New(db), generations.New(db), db}
			rate := s.load(b)
			b.Run("Project", func(b *testing.B) {
				for range b.N { // it was measured once, while the orders were made
				}
				b.ReportMetric(rate, "facts/s")
			})
			for name, f := range orderLists() {
				f.Limit = 20
				measure(b, name, func(ctx context.Context, _ int) error { _, err := s.Orders(ctx, f); return err })
			}
			for name, f := range productLists() {
				f.Limit = 20
				measure(b, name, func(ctx context.Context, _ int) error { _, err := s.Products(ctx, f); return err })
			}
			r := rand.New(rand.NewPCG(7, 8))
			texts := make([]string, 300)
			for i := range texts {
				texts[i] = hostile(r)
			}
			measure(b, "HostileOrders", func(ctx context.Context, n int) error {
				_, err := s.Orders(ctx, query.OrderFilter{Text: texts[n%len(texts)], Limit: 20})
				return err
			})
			measure(b, "HostileProducts", func(ctx context.Context, n int) error {
				_, err := s.Products(ctx, query.ProductFilter{Text: texts[n%len(texts)], Limit: 20})
				return err
			})
		})
	}
}

// measure reports how long a question takes, the first time apart: it fills caches.
func measure(b *testing.B, name string, ask func(ctx context.Context, n int) error) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		require.NoError(b, ask(b.Context(), 0))
		took, began := make([]time.Duration, b.N), processor(b)
		for i := range b.N {
			start := time.Now()
			err := ask(b.Context(), i)
			took[i] = time.Since(start)
			require.NoError(b, err)
		}
		b.ReportMetric(float64((processor(b)-began).Microseconds())/1000/float64(b.N), "CPU-ms")
		slices.Sort(took)
		for unit, d := range map[string]time.Duration{"p50-ms": took[len(took)/2], "p99-ms": took[len(took)*99/100], "longest-ms": took[len(took)-1]} {
			b.ReportMetric(float64(d.Microseconds())/1000, unit)
		}
	})
}

// processor returns the CPU time of the process.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// load loads the orders and the products as a rebuild does, 200 facts at once, switches to
// them, and returns how many facts it loaded a second.
func (b testBundle) load(tb testing.TB) float64 {
	tb.Helper()
	ctx := tb.Context()
	b.fill(tb)
	g, err := b.Begin(ctx)
	require.NoError(tb, err)
	r := rand.New(rand.NewPCG(1, 2))
	facts, start := 0, time.Now()
	for n := 0; n < benchSize; n += 100 {
		var changes []query.Change
		for i := n; i < n+100; i++ {
			changes = append(changes, ordered(r, i)...)
		}
		require.NoError(tb, b.Load(ctx, g, changes))
		facts += len(changes)
	}
	rate := float64(facts) / time.Since(start).Seconds()
	for n := 0; n < benchSize; n += 100 {
		var changes []query.Change
		for i := n; i < n+100; i++ {
			sku := fmt.Sprintf("PRODUCT-%d", i)
			kind := []string{"kettle", "mug", "teapot", "tea"}[r.IntN(4)]
			p := product(sku, fmt.Sprintf("%s %d", kind, r.IntN(1000)), fmt.Sprintf("category %d", r.IntN(50)), int64(100+r.IntN(20000)), 1)
			p.Product.Description = "a " + kind + " of stoneware for every day"
			changes = append(changes, p, stock(sku, "BER", int64(r.IntN(3)), 1))
		}
		require.NoError(tb, b.Load(ctx, g, changes))
	}
	require.NoError(tb, b.Switch(ctx, g))
	return rate
}

// ordered returns the facts of the nth order: it was placed, and it has ended.
func ordered(r *rand.Rand, n int) []query.Change {
	o := newOrder(n)
	o.ID, o.CustomerID = fmt.Sprintf("ord-%08d", n), fmt.Sprintf("cus_%d", r.IntN(2000))
	o.CreatedAt = began.Add(time.Duration(n) * time.Millisecond)
	o.Lines = []query.Line{{SKU: fmt.Sprintf("SKU-%d", r.IntN(1000)), Quantity: 1}, {SKU: "MUG-" + fmt.Sprint(r.IntN(3)), Quantity: 2}}
	placed := told(o, 1)
	placed.Entry = &query.NewEntry{OrderID: o.ID, Entry: query.Entry{Fact: "order.placed", At: o.CreatedAt, Step: query.Step{Name: "order.create", State: "done"}}}
	o.Status = query.Confirmed
	if n%50 == 0 {
		o.Status, o.Reason = query.Cancelled, "OUT_OF_STOCK"
	}
	if n%1000 == 0 {
		o.Attention = []query.Flag{{Step: "shipping.book", Since: began}}
	}
	ended := told(o, 2)
	ended.Entry = &query.NewEntry{OrderID: o.ID, Entry: query.Entry{Fact: "order.ended", At: o.CreatedAt, Step: query.Step{Name: "order.confirm", State: "done"}, Ends: true}}
	return []query.Change{placed, ended}
}
