package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/rpc"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
)

var at = time.Date(2026, 11, 29, 12, 0, 0, 123456000, time.UTC)

// order has a value in every field.
func order() query.Order {
	return query.Order{
		ID: "o", CustomerID: "cus_1", Account: "cus_1", Status: query.Cancelled, Reason: "OUT_OF_STOCK", Style: query.Orchestrated, Currency: "EUR",
		Total: money.New(0, "EUR"), Lines: []query.Line{{SKU: "MUG", Quantity: 2, UnitPrice: money.New(5, "EUR")}},
		Attention: []query.Flag{{Step: "shipping.book", Code: "C", Kind: fault.Bug, Owed: "parcels", Since: at, Lasting: true}},
		Steps:     []query.Step{{Name: "a.b", State: "waived", Attempts: 2, StartedAt: at, EndedAt: at.Add(time.Nanosecond), Error: "E"}},
		Parcels:   []query.Parcel{{Warehouse: "BER", TrackingNumber: "T", State: "cancelled"}},
		DecideBy:  at.Add(time.Minute), CreatedAt: at, UpdatedAt: at.Add(time.Second),
	}
}

// The contract of [query.Service] holds in the service's process and over a connection.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, g := store.New(db), generations.New(db)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		both := map[string]query.Service{"Store": s, "Client": remote}
		for name, q := range both {
			_, err := q.Order(rpctest.Context(t), "o")
			require.Equal(t, fault.Unavailable, fault.CodeOf(err), name)
			require.Equal(t, fault.Transient, fault.KindOf(err), name)
		}
		generation, err := g.Begin(t.Context())
		require.NoError(t, err)
		require.NoError(t, g.Switch(t.Context(), generation))
		o, step := order(), query.Step{Name: "order.cancel", State: "done", Error: "E"}
		changes := []query.Change{
			{At: at, Version: 7, Order: &o, Entry: &query.NewEntry{OrderID: "o", Entry: query.Entry{Fact: "order.cancelled", Step: step, At: at, Ends: true}}},
			{At: at, Version: 1, Product: &query.ProductChange{SKU: "MUG", Name: "Mug", Description: "d", Category: "cups", Price: money.New(5, "EUR"), Listed: true}},
			{At: at, Version: 1, Product: &query.ProductChange{SKU: "TEE", Name: "Tee", Category: "tea", Price: money.New(6, "EUR"), Listed: true}},
			{At: at, Version: 1, Stock: &query.Stock{SKU: "MUG", Warehouse: "BER", Available: 3}},
		}
		require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error { return s.Apply(tx, changes) }))
		require.NoError(t, s.Stand(t.Context(), 2, at))
		for name, q := range both {
			t.Run(name, func(t *testing.T) { contract(t, q) })
		}
	})
}

func contract(t *testing.T, q query.Service) {
	ctx := rpctest.Context(t)
	want := query.Found{Order: order(), Version: 7, AsOf: at}
	f, err := q.Order(ctx, "o")
	require.NoError(t, err)
	require.Equal(t, want, f)
	_, err = q.Order(ctx, "none")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Equal(t, fault.Business, fault.KindOf(err))

	yes := true
	page, err := q.Orders(ctx, query.OrderFilter{
		CustomerID: "cus_1", Account: "cus_1", Status: query.Cancelled, SKU: "MUG", PlacedAfter: at.Add(-time.Hour), PlacedBefore: at.Add(time.Hour),
		Reason: "OUT_OF_STOCK", Style: query.Orchestrated, NeedsAttention: &yes, MinAge: time.Nanosecond, Text: "mug", Limit: 1,
	})
	require.NoError(t, err)
	require.Equal(t, query.OrderPage{Orders: []query.Found{want}, AsOf: at}, page)
	page, err = q.Orders(ctx, query.OrderFilter{Account: "cus_2", Limit: 1})
	require.NoError(t, err)
	require.Empty(t, page.Orders)
	_, err = q.Orders(ctx, query.OrderFilter{})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))

	for version, reached := range map[int64]bool{7: true, 8: false} {
		got, err := q.WaitFor(ctx, "o", version, time.Millisecond)
		require.NoError(t, err)
		require.Equal(t, reached, got)
	}
	entries := []query.Entry{{
		Position: query.Position{Generation: 1, Number: 1}, Fact: "order.cancelled", At: at, Ends: true,
		Step: query.Step{Name: "order.cancel", State: "done", Error: "E", StartedAt: at, EndedAt: at},
	}}
	timeline, err := q.Timeline(ctx, "o")
	require.NoError(t, err)
	require.Equal(t, entries, timeline)
	var followed []query.Entry
	require.NoError(t, q.Follow(ctx, "o", query.Position{}, func(e query.Entry) error { followed = append(followed, e); return nil }))
	require.Equal(t, entries, followed)
	require.NoError(t, q.Follow(ctx, "o", entries[0].Position, func(query.Entry) error { return context.Canceled }))
	require.ErrorIs(t, q.Follow(ctx, "o", query.Position{}, func(query.Entry) error { return context.Canceled }), context.Canceled)
	require.Equal(t, fault.NotFound, fault.CodeOf(q.Follow(ctx, "none", query.Position{}, nil)))

	mug := query.Product{SKU: "MUG", Name: "Mug", Description: "d", Category: "cups", Price: money.New(5, "EUR"), Available: 3}
	low, high := int64(5), int64(6)
	products, err := q.Products(ctx, query.ProductFilter{
		Text: "mug", Category: "cups", InStock: &yes, MinPrice: &low, MaxPrice: &high, Sort: query.ByPrice, Limit: 1,
	})
	require.NoError(t, err)
	require.Equal(t, query.ProductPage{Products: []query.Product{mug}, AsOf: at, Facets: query.Facets{
		Categories: []query.Category{{Name: "cups", Products: 1}}, InStock: 1, Total: 1,
		Prices: []query.PriceRange{{Min: mug.Price, Max: mug.Price}},
	}}, products)
	products, err = q.Products(ctx, query.ProductFilter{Limit: 1})
	require.NoError(t, err)
	products, err = q.Products(ctx, query.ProductFilter{Limit: 1, Cursor: products.Next})
	require.NoError(t, err)
	require.Equal(t, "TEE", products.Products[0].SKU)
	categories, err := q.Categories(ctx)
	require.NoError(t, err)
	require.Equal(t, query.Categories{Categories: []query.Category{{Name: "cups", Products: 1}, {Name: "tea", Products: 1}}, AsOf: at}, categories)

	all, err := q.Projections(ctx)
	require.NoError(t, err)
	require.Len(t, all, 4)
	require.Positive(t, all[0].Lag)
	all[0].Lag = 0
	require.Equal(t, query.Projection{Name: "orders", Generation: 1, Events: 1, Newest: at, Behind: 2, AsOf: at}, all[0])
}

// endless is about an order that does not end.
type endless struct {
	query.Service

	began chan struct{}
}

func (e endless) Follow(ctx context.Context, _ string, _ query.Position, _ func(query.Entry) error) error {
	e.began <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

func (e endless) WaitFor(ctx context.Context, id string, _ int64, _ time.Duration) (bool, error) {
	return false, e.Follow(ctx, id, query.Position{}, nil)
}

// TestAServerThatStopsDoesNotWaitForThoseWhoWait: they go on at another server.
func TestAServerThatStopsDoesNotWaitForThoseWhoWait(t *testing.T) {
	t.Parallel()
	s := endless{began: make(chan struct{})}
	conn, stop := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) })
	remote, ctx, ended := rpc.NewClient(conn), rpctest.Context(t), make(chan error, 2)
	go func() { ended <- remote.Follow(ctx, "o", query.Position{}, nil) }()
	<-s.began
	go func() {
		_, err := remote.WaitFor(ctx, "o", 1, query.MaxPatience)
		ended <- err
	}()
	<-s.began
	began := time.Now()
	stop()
	require.Less(t, time.Since(began), 30*time.Second, "the drain time is a minute")
	for range 2 {
		err := <-ended
		require.Equal(t, fault.Transient, fault.KindOf(err))
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	}
	require.NoError(t, conn.Close())
}
