package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/worker/registry"
)

// TestChoreographedOrdersRun: the listeners, relays and the clock of a process take orders
// forward and back without an engine, each service asking for its own part of an order
// under the policy of callers.
func TestChoreographedOrdersRun(t *testing.T) {
	t.Parallel()
	o, a, l := options(t, "order", "catalog", "inventory", "payment", "shipping"), lockIn(t), listen(t)
	o.Bus = eventtest.NewMemory()
	o.RPC = RPC{Listener: l, Plugins: a.Server()}
	o.Ask = func(self, service string) (grpc.ClientConnInterface, error) {
		plugins, err := a.Client(self, service)
		require.NoError(t, err)
		conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String(), Plugins: plugins})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		return conn, nil
	}
	stop := runs(t, o)
	defer stop()
	ctx := rpctest.Context(t)
	require.NoError(t, WithCatalog(ctx, o, func(c catalog.Service) error {
		return c.Import(ctx, []catalog.Product{{SKU: "MUG", Name: "Mug", Category: "ware", Price: money.New(1850, "EUR"), Active: true}})
	}))
	require.NoError(t, WithInventory(ctx, o, func(i inventory.Service) error {
		_, err := i.Receive(ctx, inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 10, By: "test"})
		return err
	}))
	orders := func(f func(*orderstore.Store) error) {
		t.Helper()
		require.NoError(t, With(ctx, o, "order", func(s *registry.Stores) error { return f(orderstore.New(s.Own)) }))
	}
	place := func(id, token string, decideBy time.Duration) {
		t.Helper()
		now := database.Now()
		orders(func(s *orderstore.Store) error {
			_, err := s.Create(ctx, key.New(id, "order.create"), order.Placement{
				CustomerID: "cus_1", Currency: "EUR", Style: order.Choreographed, PaymentToken: token, Lines: []order.Line{{SKU: "MUG", Quantity: 2}},
				ShipTo:   order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
				PlacedAt: now, DecideBy: now.Add(decideBy),
			})
			return err
		})
	}
	place("confirmed", "tok_visa", time.Hour)
	place("declined", "tok_declined", time.Hour)
	place("late", "tok_visa", -time.Second)
	place("cancelled", "tok_unavailable", time.Hour)
	orders(func(s *orderstore.Store) error {
		_, err := s.Object(ctx, "cancelled", course.Objection{Reason: order.CustomerRequest})
		return err
	})

	orders(func(s *orderstore.Store) error {
		decided := func(id string) (rec order.Record) {
			require.Eventually(t, func() bool {
				var err error
				rec, err = s.Get(ctx, id)
				return err == nil && rec.Status != order.Pending
			}, patience, 10*time.Millisecond, id)
			return rec
		}
		require.Equal(t, order.Confirmed, decided("confirmed").Status)
		require.Equal(t, order.PaymentDeclined, decided("declined").Reason)
		require.Equal(t, order.CustomerRequest, decided("cancelled").Reason)
		// The clock objects within a second, which may be too late for a quick order.
		require.Contains(t, []order.Reason{"", order.Deadline}, decided("late").Reason)
		return nil
	})
}
