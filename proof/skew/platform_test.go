package skew_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/internal/orders/sagas"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// off is by how much a clock is wrong: more than ParkAfter and decide-by together.
const off = 15 * time.Minute

// clocks says how the processes see the engine, and the time of the API's host.
type clocks struct {
	api, workers *engine.Client
	apiAhead     time.Duration
}

// platform is a shop with workers and an API.
type platform struct {
	*shoptest.Shop
	clocks

	queues map[string]string
	away   string // the service without a worker
}

// withoutShipping keeps the worker of shipping away: orders wait for it.
func withoutShipping(p *platform) { p.away = "shipping" }

// withFlakyOrders makes the order service fail at first.
func withFlakyOrders(p *platform) {
	p.Faults.Orders = func(s order.Service) order.Service { return &flaky{Service: s, times: 3, code: fault.Unavailable} }
}

// withLockedOrders makes the first step go on as an ordinary activity, which reads its
// request at the engine.
func withLockedOrders(p *platform) {
	p.Faults.Orders = func(s order.Service) order.Service { return &flaky{Service: s, times: 1, code: fault.Locked} }
}

// flaky is an order service that cannot create an order a number of times.
type flaky struct {
	order.Service

	times   int32
	code    fault.Code
	creates atomic.Int32
}

// Create implements [order.Service].
func (f *flaky) Create(ctx context.Context, k key.Key, p order.Placement) (order.Record, error) {
	if f.creates.Add(1) <= f.times {
		return order.Record{}, fault.Errorf(fault.Transient, f.code, "not yet")
	}
	return f.Service.Create(ctx, k, p)
}

// newPlatform starts the workers of a shop, changed by options.
func newPlatform(t *testing.T, c clocks, options ...func(*platform)) *platform {
	t.Helper()
	dsn := dbtest.SQLite
	p := &platform{clocks: c, queues: map[string]string{}}
	p.Shop = shoptest.Open(t, shoptest.DSNs{
		Order: dsn(t), Catalog: dsn(t), Inventory: dsn(t), Payment: dsn(t), Provider: dsn(t), Shipping: dsn(t), Carrier: dsn(t),
	}, true)
	p.Seed(t)
	services := []string{"order", "catalog", "inventory", "payment", "shipping"}
	for _, s := range services {
		p.queues[s] = s + "-" + uuid.NewString()
	}
	p.Requests = sagas.New(c.workers.Client, c.workers.Payloads.Data, p.queues["order"]).Request
	for _, option := range options {
		option(p)
	}
	for _, s := range services {
		if s == p.away {
			continue
		}
		w := sdkworker.New(c.workers.Client, p.queues[s], sdkworker.Options{DisableWorkflowWorker: s != "order", DisableRegistrationAliasing: true})
		p.Bind(w)
		if s == "order" {
			workflows.Register(w, workflows.Options{Queues: p.queues})
		}
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	return p
}

// client returns the API's client of the engine.
func (p *platform) client(decideAfter time.Duration) *orders.Client {
	c := orders.DefaultConfig()
	c.Queue, c.DecideAfter, c.PlacementTimeout = p.queues["order"], decideAfter, 30*time.Second
	c.Now = func() time.Time { return time.Now().Add(p.apiAhead) }
	c.Records = p.Orders
	return orders.New(c, p.api.Client)
}

// place places an order to be decided after a time, and returns its id.
func (p *platform) place(t *testing.T, decideAfter time.Duration) string {
	t.Helper()
	placed, err := p.client(decideAfter).Place(t.Context(), workflows.Placement{
		CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa",
		Lines:  []workflows.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo: workflows.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
	}, uuid.NewString(), "", place.Contact{})
	require.NoError(t, err)
	return placed.ID
}

// search looks for stuck orders from a worker of the order service.
func (p *platform) search(t *testing.T) []stuck.Order {
	t.Helper()
	var queues []queue.Queue
	for service, name := range p.queues {
		queues = append(queues, queue.Queue{Service: service, Name: name, Decides: service == "order"})
	}
	report, err := stuck.New(stuck.Config{
		Orders: p.Orders, Engine: p.workers, Queues: queues, ParkAfter: 2 * time.Minute,
		Options: stuck.Options{
			Young: time.Nanosecond, NotTaken: off / 3, // longer than this test waits
			Unrecorded: 24 * time.Hour, // the engine has orders of other platforms, which this one has no record of
		},
	}).Find(t.Context())
	require.NoError(t, err)
	return report.Orders
}
