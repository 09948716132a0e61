package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

// benchOrders is the size of the read model that is measured.
const benchOrders = 100_000

// BenchmarkReadModel measures the projection of facts, and lists and searches of a read
// model of 100,000 orders: the median and the 99th percentile, in milliseconds.
//
//	go test ./services/query/store -run '^$' -bench ReadModel -benchtime 300x
func BenchmarkReadModel(b *testing.B) {
	for engine, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			db := dbtest.Open(b, dsn(b), database.Options{})
			require.NoError(b, store.Schema.Migrate(b.Context(), db))
			s := testBundle{store.New(db), generations.New(db), db}
			rate := s.load(b)
			b.Run("Project", func(b *testing.B) {
				for range b.N { // it was measured once, while the orders were made
				}
				b.ReportMetric(rate, "facts/s")
			})
			yes := true
			for name, f := range map[string]query.OrderFilter{
				"ListNewest": {}, "ListOwn": {CustomerID: "cus_77"}, "ListBySKU": {SKU: "SKU-7"}, "ListAttention": {NeedsAttention: &yes},
				"ListCancelled": {Status: query.Cancelled}, "ListSecond": {PlacedAfter: began, PlacedBefore: began.Add(2 * time.Second)},
				"SearchID": {Text: "ord 0042"}, "SearchOwn": {CustomerID: "cus_77", Text: "mug"}, "SearchCommon": {Text: "mug"},
				"SearchTwo": {Text: "mug sku 7"}, "SearchLetter": {Text: "s"}, "SearchNone": {Text: "mug zzz"},
			} {
				f.Limit = 20
				b.Run(name, func(b *testing.B) {
					took := make([]time.Duration, b.N)
					for i := range b.N {
						start := time.Now()
						_, err := s.Orders(b.Context(), f)
						took[i] = time.Since(start)
						require.NoError(b, err)
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				})
			}
		})
	}
}

// load applies the facts of the orders as a projection does, 200 at once, and returns how
// many it applied a second.
func (b testBundle) load(tb testing.TB) float64 {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	b.fill(tb)
	facts, start := 0, time.Now()
	for n := 0; n < benchOrders; n += 100 {
		var changes []query.Change
		for i := n; i < n+100; i++ {
			o := newOrder(i)
			o.ID, o.CustomerID = fmt.Sprintf("ord-%08d", i), fmt.Sprintf("cus_%d", r.IntN(2000))
			o.CreatedAt = began.Add(time.Duration(i) * time.Millisecond)
			o.Lines = []query.Line{{SKU: fmt.Sprintf("SKU-%d", r.IntN(1000)), Quantity: 1}, {SKU: "MUG-" + fmt.Sprint(r.IntN(3)), Quantity: 2}}
			placed := told(o, 1)
			placed.Entry = &query.NewEntry{OrderID: o.ID, Entry: query.Entry{Fact: "order.placed", At: o.CreatedAt, Step: query.Step{Name: "order.create", State: "done"}}}
			if i%50 == 0 {
				o.Status, o.Reason = query.Cancelled, "OUT_OF_STOCK"
			} else {
				o.Status = query.Confirmed
			}
			if i%1000 == 0 {
				o.Attention = []query.Flag{{Step: "shipping.book", Since: began}}
			}
			ended := told(o, 2)
			ended.Entry = &query.NewEntry{OrderID: o.ID, Entry: query.Entry{Fact: "order.ended", At: o.CreatedAt, Step: query.Step{Name: "order.confirm", State: "done"}, Ends: true}}
			changes = append(changes, placed, ended)
		}
		require.NoError(tb, database.InTx(tb.Context(), b.db, func(tx *gorm.DB) error { return b.Apply(tx, changes) }))
		facts += len(changes)
	}
	rate := float64(facts) / time.Since(start).Seconds()
	if b.db.Name() == "postgres" {
		require.NoError(tb, b.db.Exec("VACUUM ANALYZE").Error)
	}
	return rate
}
