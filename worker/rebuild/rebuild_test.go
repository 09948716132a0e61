package rebuild_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/event/implied/rpc"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	inventoryimplied "github.com/amends/amends/services/inventory/store/implied"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	orderimplied "github.com/amends/amends/services/order/store/implied"
	"github.com/amends/amends/services/query"
	querystore "github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
	"github.com/amends/amends/worker/rebuild"
)

// testBundle is a small shop whose owners are asked over a connection.
type testBundle struct {
	orders  *orderstore.Store
	catalog *catalogstore.Store
	stock   *inventorystore.Store
	owned   []*gorm.DB
	told    []*told.Reader

	query   *querystore.Store
	db      *gorm.DB
	rebuild *rebuild.Rebuild
	owners  map[string]implied.Source
}

func each(t *testing.T, body func(*testing.T, *testBundle)) {
	t.Helper()
	dbtest.Each(t, querystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b := &testBundle{query: querystore.New(db), db: db}
		for _, schema := range []database.Schema{orderstore.Schema, catalogstore.Schema, inventorystore.Schema} {
			own := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
			require.NoError(t, schema.Migrate(t.Context(), own))
			b.owned, b.told = append(b.owned, own), append(b.told, told.New(own))
		}
		b.orders, b.catalog, b.stock = orderstore.New(b.owned[0]), catalogstore.New(b.owned[1]), inventorystore.New(b.owned[2])
		sources := map[string]implied.Source{"order": orderimplied.Source(b.orders), "catalog": b.catalog.Implied, "inventory": inventoryimplied.Source(b.owned[2])}
		conn := rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, sources) })
		owners := map[string]implied.Source{}
		for name := range sources {
			owners[name] = rpc.NewClient(conn, name)
		}
		b.owners = owners
		b.rebuild = rebuild.New(generations.New(db), owners)
		body(t, b)
	})
}

var began = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// trade makes orders in all states.
func (b *testBundle) trade(t *testing.T, from, to int) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, b.catalog.Import(ctx, []catalog.Product{
		{SKU: "MUG", Name: "Mug", Category: "cups", Description: "Holds 300 ml.", Price: money.New(int64(1000+from), "EUR"), Active: true},
		{SKU: "OLD", Name: "Old mug", Category: "cups"},
	}))
	_, err := b.stock.Receive(ctx, inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 100, By: "test"})
	require.NoError(t, err)
	for n := from; n < to; n++ {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
		at := began.Add(time.Duration(n) * time.Second)
		_, err := b.orders.Create(ctx, key.New(id, "order.create"), order.Placement{
			CustomerID: fmt.Sprintf("cus_%d", n%3), Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 1}},
			ShipTo: order.Address{Name: "A"}, Fingerprint: "f", Nonce: "n", PlacedAt: at, DecideBy: at.Add(time.Minute + 7*time.Nanosecond),
		})
		require.NoError(t, err)
		_, err = b.catalog.Quote(ctx, key.New(id, "catalog.quote"), catalog.QuoteRequest{Currency: "EUR", Lines: []catalog.Line{{SKU: "MUG", Quantity: 1}}})
		require.NoError(t, err)
		_, err = b.stock.Reserve(ctx, key.New(id, "inventory.reserve"), inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "MUG", Quantity: 1}}})
		require.NoError(t, err)
		closing := order.Closing{
			Total: new(money.New(1000, "EUR")), Note: order.Note{At: at.Add(time.Second)},
			View: []byte(`{"lines": [{"sku": "MUG", "unit_price": {"amount": 1000, "currency": "EUR"}}], "steps": [{"name": "catalog.quote", "state": "done", "attempts": 1}]}`),
		}
		switch n % 3 {
		case 1:
			_, err = b.stock.Commit(ctx, key.New(id, "inventory.commit"))
			require.NoError(t, err)
			closing.Note.Attention = []ledger.Attention{{Step: "shipping.book", Code: "INVALID", Kind: fault.Bug, Since: at, Lasting: true, Owed: "parcels"}}
			_, err = b.orders.Confirm(ctx, key.New(id, "order.confirm"), closing)
		case 2:
			require.NoError(t, b.stock.Release(ctx, key.New(id, "inventory.reserve")))
			closing.Reason = order.OutOfStock
			_, err = b.orders.Cancel(ctx, key.New(id, "order.cancel"), closing)
		}
		require.NoError(t, err)
	}
}

// follow applies the facts that were told since the last time.
func (b *testBundle) follow(t *testing.T) (all []event.Event) {
	t.Helper()
	for _, r := range b.told {
		events := r.Events(t)
		all = append(all, events...)
		changes := make([]query.Change, len(events))
		for i, e := range events {
			var err error
			changes[i], err = reactions.Query(e)
			require.NoError(t, err)
		}
		require.NoError(t, database.InTx(t.Context(), b.db, func(tx *gorm.DB) error { return b.query.Apply(tx, changes) }))
	}
	return all
}

func (b *testBundle) list(t *testing.T) []query.Found {
	t.Helper()
	page, err := b.query.Orders(t.Context(), query.OrderFilter{Limit: query.MaxPage})
	require.NoError(t, err)
	return page.Orders
}

func TestARebuildIsEqualToTheReadModelOfAllFacts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		require.NoError(t, b.rebuild.Fill(ctx), "the shop is empty")
		require.NoError(t, b.rebuild.Fill(ctx), "a repeat changes nothing")
		b.trade(t, 0, 6)
		b.trade(t, 6, 9)
		require.NotEmpty(t, b.follow(t))
		differ, err := b.rebuild.Verify(ctx)
		require.NoError(t, err)
		require.Empty(t, differ)

		before := b.list(t)
		require.Len(t, before, 9)
		generation, err := b.rebuild.Run(ctx)
		require.NoError(t, err)
		require.Equal(t, int64(2), generation)
		after := b.list(t)
		for i := range after {
			require.Equal(t, before[i].Order, after[i].Order)
			require.GreaterOrEqual(t, after[i].Version, before[i].Version)
			entries, err := b.query.Timeline(ctx, after[i].Order.ID)
			require.NoError(t, err)
			require.Equal(t, "order.placed", entries[0].Fact)
			require.Equal(t, after[i].Order.Status != query.Pending, entries[len(entries)-1].Ends, "the end is the last")
		}

		require.NoError(t, b.rebuild.Drop(ctx, false))
		require.NoError(t, b.db.Exec("UPDATE stock SET available = 1").Error)
		require.NoError(t, b.db.Exec("DELETE FROM orders WHERE id = ?", after[0].Order.ID).Error)
		differ, err = b.rebuild.Verify(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"order " + after[0].Order.ID, "stock MUG in BER"}, differ)
		states, err := b.rebuild.States(ctx)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"current": 2}, states, "it leaves nothing behind")
	})
}

// A rebuild outlives an owner that fails for a moment, and a transaction that holds its lock
// for longer than a statement waits.
func TestARebuildOutlivesFailuresThatPass(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		b.trade(t, 0, 3)
		failures := 0
		owners := maps.Clone(b.owners)
		owners["catalog"] = func(ctx context.Context, p implied.Page) ([]event.Event, string, error) {
			if failures++; failures <= 2 {
				return nil, "", fault.Errorf(fault.Transient, fault.Unavailable, "away")
			}
			return b.owners["catalog"](ctx, p)
		}
		r := rebuild.New(b.rebuild.Generations, owners)
		generation, err := r.Begin(t.Context())
		require.NoError(t, err)
		tx := b.db.Begin()
		require.NoError(t, tx.Exec("UPDATE generations SET state = state").Error)
		const longer = 3500 * time.Millisecond // than the lock timeout
		time.AfterFunc(longer, func() { tx.Rollback() })
		require.NoError(t, r.LoadAll(t.Context(), generation))
		require.NoError(t, r.Switch(t.Context(), generation))
		require.Len(t, b.list(t), 3)
	})
}

// An owner that does not answer ends a rebuild, and the next one goes on with it.
func TestARebuildGoesOnAfterAnOwnerWasAway(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		b.trade(t, 0, 3)
		away := fault.Errorf(fault.Transient, fault.Unavailable, "away")
		owners := map[string]implied.Source{
			"catalog": b.catalog.Implied, "order": orderimplied.Source(b.orders),
			"inventory": func(context.Context, implied.Page) ([]event.Event, string, error) { return nil, "", away },
		}
		require.ErrorIs(t, rebuild.New(b.rebuild.Generations, owners).Fill(t.Context()), away)
		filled, err := b.rebuild.Filled(t.Context())
		require.NoError(t, err)
		require.False(t, filled)
		require.NoError(t, b.rebuild.Fill(t.Context()))
		require.Len(t, b.list(t), 3)
	})
}

// A verification and a rebuild may run at the same time, by two operators.
func TestAVerificationLeavesARebuildAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		require.NoError(t, b.rebuild.Fill(ctx))
		meanwhile := func(does func()) *rebuild.Rebuild {
			var once sync.Once
			return rebuild.New(b.rebuild.Generations, map[string]implied.Source{
				"catalog": func(ctx context.Context, p implied.Page) ([]event.Event, string, error) {
					once.Do(does)
					return b.catalog.Implied(ctx, p)
				},
			})
		}
		b.trade(t, 0, 3)
		states := func() map[string]int64 {
			found, err := b.rebuild.States(ctx)
			require.NoError(t, err)
			return found
		}

		_, err := meanwhile(func() {
			_, err := b.rebuild.Run(ctx)
			require.NoError(t, err)
		}).Verify(ctx)
		require.Equal(t, query.NotLoading, fault.CodeOf(err))
		require.Equal(t, map[string]int64{"old": 1, "current": 2}, states(), "the one before is kept until it is dropped")

		require.NoError(t, b.rebuild.Drop(ctx, false))
		generation, err := meanwhile(func() {
			_, err := b.rebuild.Verify(ctx)
			require.NoError(t, err)
		}).Run(ctx)
		require.NoError(t, err, "it goes on with the generation that it has begun")
		require.Equal(t, map[string]int64{"old": 2, "current": generation}, states())
	})
}
