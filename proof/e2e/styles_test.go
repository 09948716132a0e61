package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/amends/amends/api"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/load"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	orderrpc "github.com/amends/amends/services/order/rpc"
	"github.com/amends/amends/worker"
)

// newStyled returns a platform whose services also take choreographed orders, over a broker
// and by calls of each other. An API asks the order service by a call, too.
func newStyled(t *testing.T) (p *platform, serve func(order.Style) shopper) {
	t.Helper()
	dsn := dbtest.SQLite
	dsns := shoptest.DSNs{
		Order: dsn(t), Catalog: dsn(t), Inventory: dsn(t), Payment: dsn(t), Provider: dsn(t), Shipping: dsn(t), Carrier: dsn(t),
	}
	p = &platform{Shop: shoptest.Open(t, dsns, true), client: server, queues: map[string]string{}}
	p.Seed(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dial := func() grpc.ClientConnInterface {
		conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String()})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		return conn
	}
	o := worker.Options{
		Services: map[string]worker.Service{
			"order": {DSN: dsns.Order}, "catalog": {DSN: dsns.Catalog}, "inventory": {DSN: dsns.Inventory},
			"payment": {DSN: dsns.Payment, OutsideDSN: dsns.Provider}, "shipping": {DSN: dsns.Shipping, OutsideDSN: dsns.Carrier},
		},
		Queues: p.queues, Attributes: attribute.All, Bus: eventtest.NewMemory(), Logger: slog.New(slog.DiscardHandler),
		RPC: worker.RPC{Listener: l},
		Ask: func(string, string) (grpc.ClientConnInterface, error) { return dial(), nil },
	}
	for service := range o.Services {
		p.queues[service] = service + "-" + uuid.NewString()
	}
	runGroup(t, o)
	return p, func(style order.Style) shopper {
		t.Helper()
		c := api.DefaultConfig()
		c.GuestSecret = guestSecret
		c.Orders.Queue, c.Orders.Express, c.Orders.Style = p.queues["order"], true, style
		a, err := api.New(c, server.Client, api.WithLogger(slog.New(slog.DiscardHandler)), api.WithOrders(orderrpc.NewClient(dial())))
		require.NoError(t, err)
		h := httptest.NewServer(a)
		t.Cleanup(h.Close)
		return shopper{h.URL}
	}
}

// comeBack places an order, and repeats that while it is told to come back. unsure is set by
// an answer that leaves open whether it was placed.
func (s shopper) comeBack(ctx context.Context, key string, body map[string]any, unsure *atomic.Bool) (r reply, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = background.Retry{}.Do(ctx, func(ctx context.Context) (err error) {
		if r, err = s.tryPlace(ctx, key, "", body); err != nil || r.status != http.StatusServiceUnavailable {
			return err
		}
		if r.code == string(place.PlacementUnknown) {
			unsure.Store(true)
		}
		return fmt.Errorf("answered %s", r.code)
	})
	return r, err
}

var styledKeys = flag.Int("styles.keys", 24, "how many keys are placed in both styles at once")

// TestAnOrderNeverHasTwoStyles: one key is placed at once by servers of both styles, and by
// requests that ask for one. The order has the style of its record, whoever asks.
func TestAnOrderNeverHasTwoStyles(t *testing.T) {
	t.Parallel()
	p, serve := newStyled(t)
	shops := []shopper{serve(order.Orchestrated), serve(order.Choreographed)}
	var mu sync.Mutex
	styles := map[string]order.Style{} // by order
	var all errgroup.Group
	all.SetLimit(8)
	for n := range *styledKeys {
		all.Go(func() error {
			key := uuid.NewString()
			var calls errgroup.Group
			var unsure atomic.Bool
			replies := make([]reply, 4)
			for i := range replies {
				body := change(lines("TEA", 1))
				if i >= 2 { // each shop is asked for the style that it has not
					body["style"] = []order.Style{order.Choreographed, order.Orchestrated}[i%2]
				}
				call := func() (err error) {
					replies[i], err = shops[(i+n)%2].comeBack(t.Context(), key, body, &unsure)
					return err
				}
				if i == 0 && n%4 < 2 { // it comes first
					if err := call(); err != nil {
						return err
					}
					continue
				}
				calls.Go(call)
			}
			if err := calls.Wait(); err != nil {
				return err
			}
			fresh := 0
			for _, r := range replies {
				if r.status != http.StatusAccepted || r.order.ID != replies[0].order.ID || r.order.Style != replies[0].order.Style {
					return fmt.Errorf("key %s: answered %d %s order %s (%s), and order %s (%s)",
						key, r.status, r.code, r.order.ID, r.order.Style, replies[0].order.ID, replies[0].order.Style)
				}
				if r.header.Get("Idempotency-Replayed") == "" {
					fresh++
				}
			}
			if fresh > 1 || fresh == 0 && !unsure.Load() {
				return fmt.Errorf("key %s: %d answers say that they placed it", key, fresh)
			}
			mu.Lock()
			defer mu.Unlock()
			styles[replies[0].order.ID] = replies[0].order.Style
			return nil
		})
	}
	require.NoError(t, all.Wait())

	seen := map[order.Style]int{}
	for id, style := range styles {
		seen[style]++
		for _, shop := range shops {
			eventually(t, "the order is confirmed", func() bool { return shop.get(t, id).order.Status == order.Confirmed })
			require.Equal(t, style, shop.get(t, id).order.Style)
		}
		rec, err := p.Orders.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, style, rec.Style())
	}
	require.Len(t, seen, 2, "%v", seen)
	require.Len(t, allOrders(t, p.Shop), *styledKeys)
	require.NoError(t, p.Check(t.Context()))
	t.Logf("styles: %d keys, each placed four times at two servers with different defaults: %d orders, %d of them choreographed; none has two styles",
		*styledKeys, len(styles), seen[order.Choreographed])
}

// TestBothStylesShareTheShop: orders of both styles want the last units at once, and no unit
// is sold twice.
func TestBothStylesShareTheShop(t *testing.T) {
	t.Parallel()
	p, serve := newStyled(t)
	_, err := p.Inventory.Receive(t.Context(), inventory.Delivery{SKU: "SOLD-OUT", Warehouse: "BER", Quantity: 10, By: "clerk"})
	require.NoError(t, err)
	shop := serve(order.Orchestrated)
	eventually(t, "the platform is ready", func() bool {
		status, _ := fetch(t, shop.url+"/readyz")
		return status == http.StatusOK
	})
	r, err := load.Run(t.Context(), load.Options{
		BaseURL: shop.url, Orders: 100, Concurrency: 20, Sample: 1, Mix: load.Mix{load.Choreographed: 50}, Hot: &load.Hot{SKU: "SOLD-OUT", Left: 10},
	})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.ElementsMatch(t, []load.Outcome{{Status: "CONFIRMED", Count: 10}, {Status: "CANCELLED", Reason: "OUT_OF_STOCK", Count: 90}}, r.Outcomes)
	buyers, confirmed := map[order.Style]int{}, map[order.Style]int{}
	for _, o := range allOrders(t, p.Shop) {
		buyers[o.Style()]++
		if o.Status == order.Confirmed {
			confirmed[o.Style()]++
		}
	}
	require.InDelta(t, 50, buyers[order.Choreographed], 10, "the seed draws about half of each")
	require.NoError(t, p.Check(t.Context()))
	t.Logf("styles: 10 units for 100 buyers, %d of them choreographed: %d orchestrated and %d choreographed orders got one",
		buyers[order.Choreographed], confirmed[order.Orchestrated], confirmed[order.Choreographed])
}
