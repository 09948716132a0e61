package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/dbtest"
	"github.com/amends/amends/internal/shoptest"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// services in the order in which an order meets them.
var services = []string{"order", "catalog", "inventory", "payment", "shipping"}

// platform is the whole platform in this process: a shop on files, a worker per
// service on queues of its own, and the API.
type platform struct {
	*shoptest.Shop
	url     string
	queues  map[string]string
	workers map[string]sdkworker.Worker
}

func newPlatform(t *testing.T, decideAfter time.Duration) *platform {
	t.Helper()
	p := &platform{queues: map[string]string{}, workers: map[string]sdkworker.Worker{}}
	p.Shop = shoptest.Open(t, shoptest.DSNs{
		Order: dbtest.SQLite(t), Catalog: dbtest.SQLite(t), Inventory: dbtest.SQLite(t),
		Payment: dbtest.SQLite(t), Provider: dbtest.SQLite(t), Shipping: dbtest.SQLite(t), Carrier: dbtest.SQLite(t),
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

	c := api.DefaultConfig()
	c.OrderQueue = p.queues["order"]
	c.DecideAfter = decideAfter
	a, err := api.New(c, server.Client, api.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	p.url = h.URL
	return p
}

// start starts the worker of a service.
func (p *platform) start(t *testing.T, service string) {
	t.Helper()
	w := sdkworker.New(server.Client, p.queues[service], sdkworker.Options{
		DisableWorkflowWorker: service != "order", DisableRegistrationAliasing: true, WorkerStopTimeout: 5 * time.Second,
	})
	// Every worker knows every step, but is asked for those of its queue only.
	p.Bind(w)
	if service == "order" {
		workflows.Register(w, workflows.Options{Queues: p.queues})
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

// placement is a request body that is confirmed.
func placement() map[string]any {
	return map[string]any{
		"customer_id": "cus_1", "currency": "EUR", "payment_token": "tok_visa",
		"lines": []map[string]any{{"sku": "MUG", "quantity": 2}, {"sku": "KETTLE", "quantity": 1}},
		"ship_to": map[string]any{
			"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE",
		},
	}
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	order  workflows.OrderView
	code   string // of a problem
}

// place places an order; a key and a preference may be empty.
func (p *platform) place(t *testing.T, key, prefer string, body map[string]any) reply {
	t.Helper()
	data, err := json.Marshal(body)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/v1/orders", bytes.NewReader(data))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	if key == "" {
		key = uuid.NewString()
	}
	r.Header.Set("Idempotency-Key", key)
	if prefer != "" {
		r.Header.Set("Prefer", prefer)
	}
	return send(t, r)
}

func (p *platform) cancel(t *testing.T, id string) reply {
	t.Helper()
	return send(t, p.cancelRequest(t, id))
}

func (p *platform) cancelRequest(t *testing.T, id string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/v1/orders/"+id+"/cancel", http.NoBody)
	require.NoError(t, err)
	return r
}

func (p *platform) get(t *testing.T, id string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/v1/orders/"+id, http.NoBody)
	require.NoError(t, err)
	return send(t, r)
}

var browser = &http.Client{Timeout: time.Minute}

func send(t *testing.T, r *http.Request) reply {
	t.Helper()
	res, err := browser.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	out := reply{status: res.StatusCode, header: res.Header}
	if res.StatusCode < 300 {
		require.NoError(t, json.Unmarshal(data, &out.order), string(data))
		return out
	}
	var problem struct{ Code string }
	require.NoError(t, json.Unmarshal(data, &problem), string(data))
	out.code = problem.Code
	return out
}

// decided waits for the result of an order's newest run.
func decided(t *testing.T, id string) workflows.OrderView {
	t.Helper()
	return result(t, id, "")
}

func result(t *testing.T, id, run string) workflows.OrderView {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var v workflows.OrderView
	require.NoError(t, server.GetWorkflow(ctx, workflows.WorkflowID(id), run).Get(ctx, &v))
	return v
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, 20*time.Millisecond, what)
}

// Statuses, for readability.
const (
	confirmed = order.Confirmed
	cancelled = order.Cancelled
)
