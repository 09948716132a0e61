package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type testBundle struct {
	*store.Store
	*generations.Generations

	db *gorm.DB
}

// each runs body with an empty read model that answers.
func each(t *testing.T, body func(*testing.T, testBundle)) {
	t.Helper()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b := testBundle{store.New(db), generations.New(db), db}
		b.fill(t)
		body(t, b)
	})
}

// fill has the first generation answer.
func (b testBundle) fill(tb testing.TB) {
	tb.Helper()
	g, err := b.Begin(tb.Context())
	require.NoError(tb, err)
	require.NoError(tb, b.Switch(tb.Context(), g))
}

// apply applies changes as a projection does.
func (b testBundle) apply(tb testing.TB, changes ...query.Change) {
	tb.Helper()
	require.NoError(tb, database.InTx(tb.Context(), b.db, func(tx *gorm.DB) error { return b.Apply(tx, changes) }))
}

var began = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// newOrder returns a PENDING order of the nth second.
func newOrder(n int) query.Order {
	at := began.Add(time.Duration(n) * time.Second)
	return query.Order{
		ID: fmt.Sprintf("ord-%04d", n), CustomerID: fmt.Sprintf("cus_%d", n%7), Status: query.Pending, Style: query.Orchestrated, Currency: "EUR",
		Lines: []query.Line{{SKU: fmt.Sprintf("SKU-%d", n%5), Quantity: 1}, {SKU: "MUG-ALL", Quantity: 2}}, CreatedAt: at, UpdatedAt: at,
	}
}

func told(o query.Order, version int64) query.Change {
	return query.Change{At: o.UpdatedAt, Version: version, Order: &o}
}

func entry(id, fact, step, state string) query.Change {
	return query.Change{At: began, Entry: &query.NewEntry{OrderID: id, Entry: query.Entry{
		Fact: fact, At: began, Step: query.Step{Name: step, State: state}, Ends: fact == "order.confirmed",
	}}}
}

func product(sku, name, category string, price, version int64) query.Change {
	return query.Change{At: began, Version: version, Product: &query.ProductChange{
		SKU: sku, Name: name, Category: category, Price: money.New(price, "EUR"), Listed: true,
	}}
}

func stock(sku, warehouse string, available, version int64) query.Change {
	return query.Change{At: began, Version: version, Stock: &query.Stock{SKU: sku, Warehouse: warehouse, Available: available}}
}
