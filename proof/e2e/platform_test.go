package e2e_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders/sagas"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/workflows"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

// services in the order in which an order meets them.
var services = []string{"order", "catalog", "inventory", "payment", "shipping"}

// platform is the whole platform in this process: a shop on files, a worker per
// service on queues of its own, and the API.
type platform struct {
	*shoptest.Shop
	shopper
	client  *engine.Client // of its workers and its API
	api     atomic.Pointer[api.Server]
	queues  map[string]string
	workers map[string]sdkworker.Worker
}

func newPlatform(t *testing.T, decideAfter time.Duration) *platform {
	t.Helper()
	return newPlatformOn(t, dbtest.SQLite, decideAfter)
}

// newPlatformOn is newPlatform with each database where dsn says.
func newPlatformOn(t *testing.T, dsn func(testing.TB) string, decideAfter time.Duration) *platform {
	t.Helper()
	return newPlatformAs(t, dsn, decideAfter, server, slog.New(slog.DiscardHandler))
}

// newPlatformAs is newPlatformOn with another client of the engine, and another log of
// the API.
func newPlatformAs(t *testing.T, dsn func(testing.TB) string, decideAfter time.Duration, client *engine.Client, log *slog.Logger) *platform {
	t.Helper()
	p := &platform{client: client, queues: map[string]string{}, workers: map[string]sdkworker.Worker{}}
	p.Shop = shoptest.Open(t, shoptest.DSNs{
		Order: dsn(t), Catalog: dsn(t), Inventory: dsn(t), Payment: dsn(t), Provider: dsn(t), Shipping: dsn(t), Carrier: dsn(t),
	}, true)
	p.Seed(t)
	for _, s := range services {
		p.queues[s] = s + "-" + uuid.NewString()
	}
	for _, s := range services {
		p.start(t, s)
	}
	t.Cleanup(func() {
		for _, s := range services {
			p.stop(s)
		}
	})

	p.serve(t, decideAfter, log)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.api.Load().ServeHTTP(w, r) }))
	t.Cleanup(h.Close)
	p.shopper = shopper{h.URL}
	return p
}

// serve makes the API of the platform's client answer from now on.
func (p *platform) serve(t *testing.T, decideAfter time.Duration, log *slog.Logger) {
	t.Helper()
	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue = p.queues["order"]
	c.Orders.DecideAfter = decideAfter
	c.Orders.DataConverter = p.client.Payloads.Data
	a, err := api.New(c, p.client, api.WithLogger(log), api.WithOrders(p.Orders))
	require.NoError(t, err)
	p.api.Store(a)
}

// start starts the worker of a service.
func (p *platform) start(t *testing.T, service string) {
	t.Helper()
	w := sdkworker.New(p.client.Client, p.queues[service], sdkworker.Options{
		DisableWorkflowWorker: service != "order", DisableRegistrationAliasing: true, WorkerStopTimeout: 5 * time.Second,
	})
	// Every worker has every step, but is asked only for those of its queue.
	known := sagas.New(p.client, p.client.Payloads.Data, p.queues["order"])
	p.Requests = known.Request
	p.Bind(w)
	p.BindAudit(w, known)
	if service == "order" {
		workflows.Register(w, workflows.Options{Queues: p.queues})
		doctorflow.Register(w, p.queues)
	}
	require.NoError(t, w.Start())
	p.workers[service] = w
}

// stop stops the worker of a service; stopping it twice is fine.
func (p *platform) stop(service string) {
	if w := p.workers[service]; w != nil {
		w.Stop()
		p.workers[service] = nil
	}
}
