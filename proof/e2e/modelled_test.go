package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/implied"
	impliedrpc "github.com/amends/amends/event/implied/rpc"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/services/query"
	queryrpc "github.com/amends/amends/services/query/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/rebuild"
	"github.com/amends/amends/worker/registry"
)

// modelled is a platform with a read model: its services tell facts over a broker, which the
// query service follows. The service is called by gRPC, as an instance beside the one that
// follows, and it asks the owners of rows by gRPC.
type modelled struct {
	*platform

	db      *gorm.DB // the read model's
	orders  *gorm.DB // the order service's
	model   query.Service
	rebuild *rebuild.Rebuild
}

// newModelled returns a platform with each database where dsn says, whose query service gets
// each fact that late.
func newModelled(t *testing.T, dsn func(testing.TB) string, late time.Duration) *modelled {
	t.Helper()
	dsns := shoptest.DSNs{
		Order: dsn(t), Catalog: dsn(t), Inventory: dsn(t), Payment: dsn(t), Provider: dsn(t), Shipping: dsn(t), Carrier: dsn(t),
	}
	m := &modelled{platform: &platform{Shop: shoptest.Open(t, dsns, true), client: server, queues: map[string]string{}}}
	m.Seed(t)
	o := worker.Options{
		Services: map[string]worker.Service{
			"order": {DSN: dsns.Order}, "catalog": {DSN: dsns.Catalog}, "inventory": {DSN: dsns.Inventory},
			"payment": {DSN: dsns.Payment, OutsideDSN: dsns.Provider}, "shipping": {DSN: dsns.Shipping, OutsideDSN: dsns.Carrier},
			"query": {DSN: dsn(t)},
		},
		Queues: m.queues, Attributes: attribute.All, Bus: tardy{eventtest.NewMemory(), late}, Logger: slog.New(slog.DiscardHandler),
	}
	for service := range o.Services {
		m.queues[service] = service + "-" + uuid.NewString()
	}
	runGroup(t, o)
	m.ask(t, o)
	eventually(t, "the read model is filled", func() bool {
		filled, err := m.rebuild.Filled(t.Context())
		require.NoError(t, err)
		return filled
	})
	return m
}

// ask opens the databases of o's services beside the processes that run them.
func (m *modelled) ask(t *testing.T, o worker.Options) {
	t.Helper()
	stores := map[string]*registry.Stores{}
	var owners []*registry.Stores
	for name, s := range o.Services {
		row, err := registry.Find(name)
		require.NoError(t, err)
		stores[name], err = registry.Open(t.Context(), row, registry.DSNs{Own: s.DSN, Outside: s.OutsideDSN}, database.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, stores[name].Close()) })
		owners = append(owners, stores[name])
	}
	own := stores["query"]
	implying := registry.Implied(owners)
	conn := rpctest.Connect(t, func(r grpc.ServiceRegistrar) {
		impliedrpc.Register(r, implying)
		own.Row.Serve(r, own)
	})
	sources := map[string]implied.Source{}
	for name := range implying {
		sources[name] = impliedrpc.NewClient(conn, name)
	}
	m.db, m.orders, m.model, m.rebuild = own.Own, stores["order"].Own, queryrpc.NewClient(conn), own.Rebuild(sources)
}

// operatorSecret is that of an operator at the admin addresses of platforms in this process.
const operatorSecret = "night-night-night-1"

// serve starts an API of the platform, which asks an engine, and its admin address.
func (m *modelled) serve(t *testing.T, of *engine.Client, change ...func(*api.Config)) (public, admin string) {
	t.Helper()
	c := api.DefaultConfig()
	c.Orders.Queue = m.queues["order"]
	for _, f := range change {
		f(&c)
	}
	a, err := api.New(c, of.Client, api.WithLogger(slog.New(slog.DiscardHandler)),
		api.WithOrders(m.Orders), api.WithQuery(m.model), api.WithVerifier(bearers{}))
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	private := httptest.NewServer(api.NewAdmin(api.Admin{
		Repairs: a, Operators: []operator.Operator{{Name: "night", Secret: operatorSecret}}, Logger: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(private.Close)
	return h.URL, private.URL
}

// nowhere is an engine that is away.
func nowhere(t *testing.T) *engine.Client {
	t.Helper()
	c, err := engine.Dial(engine.Options{Address: freeAddress(t), Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// tardy is a broker that hands each event over when it has an age.
type tardy struct {
	*eventtest.Memory

	age time.Duration
}

// Consume implements [event.Bus].
func (b tardy) Consume(ctx context.Context, group string, topics []string, handle func(context.Context, []event.Message) error) error {
	return b.Memory.Consume(ctx, group, topics, func(ctx context.Context, batch []event.Message) error {
		for n := 0; len(batch) > 0; batch, n = batch[n:], 0 {
			for ; n < len(batch); n++ {
				e, err := event.Decode(batch[n])
				if err != nil {
					return err
				}
				if left := b.age - time.Since(e.Time); n > 0 && left > 0 {
					break
				} else if err := wait.For(ctx, left); err != nil {
					return err
				}
			}
			if err := handle(ctx, batch[:n]); err != nil {
				return err
			}
		}
		return nil
	})
}

// bearers takes each token for the name of its account.
type bearers struct{}

// Verify implements [caller.Verifier].
func (bearers) Verify(_ context.Context, token string) (caller.Identity, error) {
	return caller.Identity{Account: token, Scopes: []string{"orders:read", "orders:write"}}, nil
}

// Watch implements [caller.Verifier].
func (bearers) Watch(ctx context.Context, _ caller.Identity) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

// account is a customer of an API that takes each token for a name.
type account struct{ url, name string }

// answered is an answer of the API.
type answered struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

// into reads the body of an answer that must have been 200 or 202.
func (a answered) into(v any) error {
	if a.status != http.StatusOK && a.status != http.StatusAccepted {
		return fmt.Errorf("%d %s", a.status, a.body)
	}
	return json.Unmarshal(a.body, v)
}

// code is that of a problem.
func (a answered) code() string {
	var p struct{ Code string }
	if json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Code
}

// ask sends a request with header lines such as "Prefer: wait=1".
func (a account) ask(ctx context.Context, method, path string, body any, header http.Header) (out answered, err error) {
	var content io.Reader = http.NoBody
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return out, err
		}
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.url+path, content)
	if err != nil {
		return out, err
	}
	r.Header = header
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Authorization", "Bearer "+a.name)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	began := time.Now()
	res, err := accounts.Do(r)
	if err != nil {
		return out, err
	}
	out = answered{status: res.StatusCode, header: res.Header}
	out.body, err = io.ReadAll(res.Body)
	out.took = time.Since(began)
	return out, errors.Join(err, res.Body.Close())
}

// accounts is the HTTP client of accounts, which keep their connections.
var accounts = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}

// place places an order and returns its id and its version. It does so again while the
// platform is busy, or answers with one of some more codes.
func (a account) place(ctx context.Context, key string, body map[string]any, again ...string) (id, version string, err error) {
	for {
		answer, err := a.ask(ctx, http.MethodPost, "/v1/orders", body, http.Header{"Idempotency-Key": {key}})
		if err != nil {
			return "", "", err
		}
		if code := answer.code(); code == "OVERLOADED" || code == "PLACEMENT_UNKNOWN" || slices.Contains(again, code) {
			continue // it has waited for its turn already
		}
		var o struct{ ID string }
		err = answer.into(&o)
		return o.ID, answer.header.Get("Amends-Version"), err
	}
}

// own returns a placement of an account, which names no customer.
func own(more map[string]any) map[string]any {
	body := change(more)
	delete(body, "customer_id")
	return body
}
