package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/api/contract"
	storage "github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/rpc"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
)

// stored is the read model as it is deployed: a store that is called by gRPC.
type stored struct {
	query.Service

	store       *store.Store
	generations *generations.Generations
	db          *gorm.DB
}

func storedModel(tb testing.TB) stored {
	tb.Helper()
	db := dbtest.Open(tb, dbtest.SQLite(tb), storage.Options{})
	require.NoError(tb, store.Schema.Migrate(tb.Context(), db))
	s := stored{store: store.New(db), generations: generations.New(db), db: db}
	s.rebuild(tb)
	s.Service = rpc.NewClient(rpctest.Connect(tb, func(r grpc.ServiceRegistrar) { rpc.Register(r, s.store) }))
	return s
}

// rebuild has a new generation answer.
func (s stored) rebuild(tb testing.TB, changes ...query.Change) {
	tb.Helper()
	g, err := s.generations.Begin(tb.Context())
	require.NoError(tb, err)
	s.apply(tb, changes...) // to both
	require.NoError(tb, s.generations.Switch(tb.Context(), g))
}

// apply applies changes as a projection does.
func (s stored) apply(tb testing.TB, changes ...query.Change) {
	tb.Helper()
	require.NoError(tb, storage.InTx(tb.Context(), s.db, func(tx *gorm.DB) error { return s.store.Apply(tx, changes) }))
}

// tells is the change of an order at a version.
func tells(f query.Found) query.Change {
	return query.Change{At: f.Order.UpdatedAt, Version: f.Version, Order: &f.Order}
}

// happens is the change of the timeline of [accountsOrder].
func happens(e query.Entry) query.Change { return happensTo(accountsOrder, e) }

// happensTo is the change of an order's timeline.
func happensTo(order string, e query.Entry) query.Change {
	return query.Change{At: e.At, Entry: &query.NewEntry{OrderID: order, Entry: query.Entry{
		Fact: e.Fact, At: e.At, Ends: e.Ends, Step: query.Step{Name: e.Step.Name, State: e.Step.State},
	}}}
}

func TestOfTheStoredReadModel(t *testing.T) {
	t.Parallel()
	minVersion := "Amends-Min-Version: " + accountsOrder + ":1"

	t.Run("APlacementIsRead", func(t *testing.T) {
		t.Parallel()
		m := storedModel(t)
		b := modelled(t, m, quick)
		b.engineAway()
		applied := make(chan struct{})
		time.AfterFunc(50*time.Millisecond, func() {
			m.apply(t, tells(told(accountsOrder, "cus_42", query.Pending, 1)))
			close(applied)
		})
		page := into[contract.OrderList](t, b.do(t, http.MethodGet, "/v1/orders", "", asOwner, minVersion, "Prefer: wait=30"))
		<-applied
		require.Equal(t, []string{accountsOrder}, idsOf(page.Orders))
		require.Nil(t, page.Stale)
		get := func(header ...string) contract.Order {
			return b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", append(header, asOwner)...).order(t, http.StatusOK)
		}
		require.Nil(t, get(minVersion).Stale)
		require.True(t, *get("Amends-Min-Version: " + accountsOrder + ":2").Stale)
		m.apply(t, tells(told(accountsOrder, "cus_42", query.Confirmed, 2)))
		b.temporal.query, b.temporal.describe = nil, nil
		require.Equal(t, "CONFIRMED", get().Status, "without the engine")
	})

	t.Run("OrdersAndProductsAreFound", func(t *testing.T) {
		t.Parallel()
		m := storedModel(t)
		for i, o := range ordersOf("cus_42", 5) {
			o.Order.CreatedAt = o.Order.CreatedAt.Add(time.Duration(i) * time.Second)
			m.apply(t, tells(o))
		}
		m.apply(t,
			query.Change{At: modelAsOf, Version: 1, Product: &query.ProductChange{SKU: "MUG", Name: "Stoneware mug", Category: "mugs", Price: eur(1850), Listed: true}},
			query.Change{At: modelAsOf, Version: 1, Stock: &query.Stock{SKU: "MUG", Warehouse: "BER", Available: 40}},
		)
		b := modelled(t, m)
		var ids []string
		for cursor := ""; ; {
			page := into[contract.OrderList](t, b.do(t, http.MethodGet, "/v1/orders?q=mug&status=CONFIRMED&limit=2"+cursor, "", asOwner))
			if ids = append(ids, idsOf(page.Orders)...); page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *page.NextCursor
		}
		require.Len(t, ids, 5)
		found := into[contract.ProductList](t, b.do(t, http.MethodGet, "/v1/products?q=stone&in_stock=true&max_price=2000", ""))
		require.Equal(t, int64(40), found.Products[0].Available)
		require.Equal(t, []contract.Category{{Name: "mugs", Products: 1}}, found.Facets.Categories)
	})

	t.Run("AStreamOutlivesARebuild", func(t *testing.T) {
		t.Parallel()
		m := storedModel(t)
		m.apply(t, tells(told(accountsOrder, "cus_42", query.Confirmed, 1)), happens(placed))
		b := modelled(t, m)
		f := b.follow(t)
		first := f.next()
		require.Contains(t, first, "order.placed")
		m.apply(t, happens(captured))
		second := f.next()
		require.Contains(t, second, "payment.captured")
		id, _, _ := strings.Cut(second, " ")
		m.rebuild(t, tells(told(accountsOrder, "cus_42", query.Confirmed, 1)), happens(placed), happens(captured), happens(confirmed))
		all := f.rest() // of the old generation, or of both: those of the new one begin anew
		require.Contains(t, all[len(all)-1], "order.confirmed")
		again := b.follow(t, "Last-Event-ID: "+id).rest()
		require.Len(t, again, 3, "of another generation: all")
		last, _, _ := strings.Cut(again[2], " ")
		require.Equal(t, http.StatusNoContent, b.follow(t, "Last-Event-ID: "+last).StatusCode)
	})

	t.Run("AStreamThatBrokeAtItsEndLosesNothing", func(t *testing.T) {
		t.Parallel()
		m := storedModel(t)
		paid := told(accountsOrder, "cus_42", query.Confirmed, 1)
		paid.Order.Steps = append(paid.Order.Steps, captured.Step)
		ended := confirmed
		ended.At = time.Now().UTC()
		m.apply(t, tells(paid), happens(placed), happens(ended))
		b := modelled(t, m)
		f := b.follow(t, "Last-Event-ID: 1.2")
		require.Equal(t, http.StatusOK, f.StatusCode, "the fact of a step is missing")
		m.apply(t, happens(captured))
		require.Contains(t, f.next(), "1.3 payment.captured")
		require.Empty(t, f.next())
		require.Equal(t, http.StatusNoContent, b.follow(t, "Last-Event-ID: 1.3").StatusCode)
	})

	t.Run("NoQueryIsTooHostile", func(t *testing.T) {
		t.Parallel()
		requireHostileAnswers(t, modelled(t, storedModel(t)))
	})
}
