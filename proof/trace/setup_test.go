package trace_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"

	"github.com/amends/amends/api"
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/transcript"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// patience is how long a test waits for what happens by itself.
const patience = 5 * time.Minute

// exported are the spans of every process of this test binary.
var exported = &exporter{}

func TestMain(m *testing.M) {
	environ := map[string]string{"OTEL_TRACES_EXPORTER": exported.register(), "OTEL_BSP_SCHEDULE_DELAY": "20"}
	for name, value := range environ {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	for _, m := range processes.all {
		if err := m.Close(context.Background()); err != nil {
			panic(err)
		}
	}
	os.Exit(code)
}

// processes has the metrics of every process. They close at the end of all tests, because
// the last one has set the global tracer.
var processes struct {
	sync.Mutex

	all []*telemetry.Metrics
}

// observe returns the metrics of a process, which exports its traces.
func observe(t *testing.T, log *slog.Logger) *telemetry.Metrics {
	t.Helper()
	m, err := telemetry.NewMetrics(log)
	require.NoError(t, err)
	processes.Lock()
	defer processes.Unlock()
	processes.all = append(processes.all, m)
	require.NoError(t, m.Trace(t.Context(), os.Environ(), log))
	return m
}

// platform is a shop of several processes in one: each has its metrics, its client of the
// engine and its group of services.
type platform struct {
	engine string // address
	bus    *eventtest.Memory
	log    *slog.Logger
	lines  *transcript.Text
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	var attributes []string
	for _, a := range attribute.All {
		attributes = append(attributes, a.String())
	}
	p := &platform{engine: enginetest.Start(t, temporal.Options{SearchAttributes: attributes}).Address, bus: eventtest.NewMemory(), lines: &transcript.Text{}}
	var err error
	p.log, err = telemetry.NewLogger(p.lines, "info", "json")
	require.NoError(t, err)
	return p
}

// process returns what every process has.
func (p *platform) process(t *testing.T) (*telemetry.Metrics, *engine.Client) {
	t.Helper()
	m := observe(t, p.log)
	c, err := engine.Dial(engine.Options{Address: p.engine, Isolated: true, Traced: m.Traced(), Logger: p.log})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return m, c
}

// place is where a shop's services and its API run.
type place struct {
	name    string
	apart   bool // the order service in one process, the others in another one
	express bool
}

// start runs a shop of its own until the test ends, and returns the URL of its API.
func (p *platform) start(t *testing.T, at place) (url string) {
	t.Helper()
	all := services(t)
	queues := map[string]string{}
	for service := range all {
		queues[service] = at.name + "-" + service
	}
	o := worker.Options{Services: all, Queues: queues}
	if at.apart {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		o.Services = map[string]worker.Service{"order": all["order"]}
		o.Others = map[string]grpc.ClientConnInterface{}
		others := worker.Options{Services: maps.Clone(all), Queues: queues, RPC: worker.RPC{Listener: l}}
		delete(others.Services, "order")
		for service := range others.Services {
			o.Others[service] = dial(t, l.Addr().String(), service)
		}
		p.work(t, others)
	}
	p.work(t, o)

	_, engine := p.process(t)
	c := api.DefaultConfig()
	c.GuestSecret = "the secret of the guests of tests"
	c.Orders.Queue, c.Orders.Express = queues["order"], at.express
	a, err := api.New(c, engine, api.WithLogger(p.log))
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	return h.URL
}

// services returns all services, on databases that are migrated and stocked.
func services(t *testing.T) map[string]worker.Service {
	t.Helper()
	dir := t.TempDir()
	file := func(name string) string { return "sqlite:" + filepath.Join(dir, name+".db") }
	all := map[string]worker.Service{
		"order": {DSN: file("order")}, "catalog": {DSN: file("catalog")}, "inventory": {DSN: file("inventory")},
		"payment":  {DSN: file("payment"), OutsideDSN: file("provider")},
		"shipping": {DSN: file("shipping"), OutsideDSN: file("carrier")},
	}
	require.ElementsMatch(t, registry.Acting(), slices.Collect(maps.Keys(all)))
	require.NoError(t, worker.Migrate(t.Context(), worker.Options{Services: all, Logger: slog.New(slog.DiscardHandler)}))
	shoptest.Open(t, shoptest.DSNs{
		Order: file("order"), Catalog: file("catalog"), Inventory: file("inventory"), Payment: file("payment"),
		Provider: file("provider"), Shipping: file("shipping"), Carrier: file("carrier"),
	}, false).Seed(t)
	return all
}

// work runs a group of services until the test ends.
func (p *platform) work(t *testing.T, o worker.Options) {
	t.Helper()
	var c *engine.Client
	o.Metrics, c = p.process(t)
	o.Bus, o.Logger = p.bus, p.log
	g, err := worker.New(o)
	require.NoError(t, err)
	run(t, func(ctx context.Context) error { return g.Run(ctx, c) })
	require.Eventually(t, func() bool { return g.Ready(t.Context()) == nil }, patience, 10*time.Millisecond)
}

// dial returns a connection to a service of another process; that to payment is losing.
func dial(t *testing.T, address, service string) grpc.ClientConnInterface {
	t.Helper()
	conn, err := rpc.Dial(rpc.DialOptions{Target: address, Service: service})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	if service != "payment" {
		return conn
	}
	return &losing{ClientConnInterface: conn}
}

// losing loses the answer of its first call within a sampled trace.
type losing struct {
	grpc.ClientConnInterface

	lost atomic.Bool
}

// Invoke implements [grpc.ClientConnInterface].
func (l *losing) Invoke(ctx context.Context, method string, in, out any, o ...grpc.CallOption) error {
	err := l.ClientConnInterface.Invoke(ctx, method, in, out, o...)
	if trace.SpanContextFromContext(ctx).IsSampled() && !l.lost.Swap(true) {
		return fault.Errorf(fault.Transient, fault.Unavailable, "the answer is lost")
	}
	return err //nolint:wrapcheck // it is the call's
}

// heard is the table of the listener.
var heard = fstest.MapFS{"00001_heard.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE heard (id text NOT NULL);
-- +goose Down
DROP TABLE heard;
`)}}

// listen runs a listener that writes a row for each order that was placed.
func (p *platform) listen(t *testing.T) {
	t.Helper()
	m, _ := p.process(t)
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{Traced: m.Traced()})
	schema := database.Schema{heard, database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}
	require.NoError(t, schema.Migrate(t.Context(), db))
	group := inbox.React(event.Listener{
		Group: "test", Facts: []event.Declaration{order.PlacedFact.Declaration},
		Handle: func(ctx context.Context, e event.Event) error {
			return db.WithContext(ctx).Exec("INSERT INTO heard (id) VALUES (?)", e.ID).Error
		},
	}, inbox.Options{DB: db, Bus: p.bus, Tracer: m.Tracer(), Logger: p.log})
	run(t, group.Run)
}

// run runs a part until the test ends.
func run(t *testing.T, part func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}
