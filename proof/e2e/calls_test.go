package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/grpc"

	"github.com/amends/amends/internal/discovery/balance"
	"github.com/amends/amends/internal/discovery/kv"
	"github.com/amends/amends/internal/discovery/resolve"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/rpc"
	catalogrpc "github.com/amends/amends/services/catalog/rpc"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
	"github.com/amends/amends/services/order"
	orderrpc "github.com/amends/amends/services/order/rpc"
	paymentrpc "github.com/amends/amends/services/payment/rpc"
	shippingrpc "github.com/amends/amends/services/shipping/rpc"
)

// callsWhole makes [TestSplitProcessesCallEachOther] take the whole claim.
var callsWhole = flag.Bool("calls.whole", false, "run two workers of every service, not of inventory only, and call all of them, 200 times a second")

// twice are the services with two workers.
func twice() []string {
	if *callsWhole {
		return services
	}
	return []string{"inventory"}
}

// second names the other worker of a service.
func second(service string) string { return service + ", the second" }

// connected is a split platform whose processes call each other: by mutual TLS, over the
// registry of a broker.
type connected struct {
	*split

	broker       string // URL
	certificates string // folder
}

func newConnected(t *testing.T) *connected {
	t.Helper()
	authority, address := filepath.Join(t.TempDir(), "authority"), freeAddress(t)
	c := &connected{split: newSplit(t, onFiles(t)), broker: "nats://" + address, certificates: t.TempDir()}
	certs := []string{"--env", "test", "--dir", authority, "--out", c.certificates}
	run(t, c.environ(), append([]string{"certs", "init"}, certs...)...)
	run(t, c.environ(), append([]string{"certs", "issue"}, certs...)...)
	launch(t, c.environ(), "broker", "--data-dir", t.TempDir(), "--broker-listen", address).says(t, "The broker is ready")
	for _, part := range parts {
		c.own[part] = append(c.own[part],
			"AMENDS_BROKER_URL="+c.broker, "AMENDS_RPC_LISTEN=127.0.0.1:0", "AMENDS_IDENTITY_ENV=test",
			"AMENDS_IDENTITY_CERT="+filepath.Join(c.certificates, "{service}.pem"),
			"AMENDS_IDENTITY_KEY="+filepath.Join(c.certificates, "{service}.pem"),
			"AMENDS_IDENTITY_BUNDLE="+filepath.Join(c.certificates, "bundle.pem"))
	}
	c.startEngine(t)
	require.Contains(t, run(t, c.environ(), "migrate", "temporal"), "namespace default")
	for _, part := range parts {
		c.start(t, part)
	}
	for _, service := range twice() {
		beside := freeAddress(t)
		c.admin[second(service)] = "http://" + beside
		c.own[second(service)] = slices.Concat(c.own[service], []string{"AMENDS_ADMIN_ADDR=" + beside})
		c.begin(t, second(service))
	}
	for _, base := range c.admin {
		ready(t, base)
	}
	c.listed(t, len(parts)+len(twice()))
	return c
}

// begin starts a worker, also a second one.
func (c *connected) begin(t *testing.T, part string) {
	t.Helper()
	service, _, _ := strings.Cut(part, ",")
	c.parts[part] = launch(t, c.environ(c.own[part]...), "worker", service)
}

// listed waits until `amends services` shows n instances, the gateway among them.
func (c *connected) listed(t *testing.T, n int) {
	t.Helper()
	eventually(t, "amends services lists the instances", func() bool {
		var all []struct{}
		require.NoError(t, json.Unmarshal([]byte(run(t, c.environ(), "services", "--json", "--broker-url", c.broker)), &all))
		return len(all) == n
	})
}

// dialer returns connections to the services as the API has them, without its limit of a
// second.
func (c *connected) dialer(t *testing.T) func(service string) *grpc.ClientConn {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	pem := filepath.Join(c.certificates, "api.pem")
	certificates, err := files.Open(files.Config{
		Env: "test", Names: []string{"api"}, Cert: pem, Key: pem, Bundle: filepath.Join(c.certificates, "bundle.pem"),
		Every: time.Minute, Now: time.Now, Logger: quiet,
	})
	require.NoError(t, err)
	a, err := access.New(access.Config{Mode: access.On, Files: certificates, Logger: quiet, Metrics: noop.NewMeterProvider()})
	require.NoError(t, err)
	at, err := nats.Connect(c.broker, nats.MaxReconnects(-1))
	require.NoError(t, err)
	t.Cleanup(at.Close)
	js, err := jetstream.New(at)
	require.NoError(t, err)
	registry, err := kv.New(js, kv.DefaultLease)
	require.NoError(t, err)
	return func(service string) *grpc.ClientConn {
		plugins, err := a.Client("api", service)
		require.NoError(t, err)
		conn, err := rpc.Dial(rpc.DialOptions{
			Target: "amends:///" + service, Service: service, Balancer: balance.Policy,
			Plugins: append(plugins, resolve.Config{Registry: registry, Logger: quiet}.DialOption(service)),
		})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		return conn
	}
}

// questions are calls of the services with two workers, about an order.
func (c *connected) questions(t *testing.T, id string) (all []func(context.Context) error) {
	t.Helper()
	dial := c.dialer(t)
	inventory := inventoryrpc.NewClient(dial("inventory"))
	all = append(all, func(ctx context.Context) error { _, err := inventory.Stock(ctx, "MUG"); return err })
	if !*callsWhole {
		return all
	}
	orders, products := orderrpc.NewClient(dial("order")), catalogrpc.NewClient(dial("catalog"))
	payments, shipments := paymentrpc.NewClient(dial("payment")), shippingrpc.NewClient(dial("shipping"))
	return append(all,
		func(ctx context.Context) error { _, err := orders.Get(ctx, id); return err },
		func(ctx context.Context) error { _, err := products.Product(ctx, "MUG"); return err },
		func(ctx context.Context) error { _, err := payments.Get(ctx, id); return err },
		func(ctx context.Context) error { _, err := shipments.Track(ctx, id); return err })
}

// asks asks each question 40 times a second until stopped, and returns how often it has
// asked, and the failures.
func asks(t *testing.T, questions []func(context.Context) error) (stop func() (int, []error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var n int
	var failed []error
	var running sync.WaitGroup
	for _, ask := range questions {
		running.Go(func() {
			tick := time.NewTicker(time.Second / 40)
			defer tick.Stop()
			for ctx.Err() == nil {
				<-tick.C
				running.Go(func() { //nolint:contextcheck // a question may outlive the others
					within, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					err := ask(within)
					mu.Lock()
					defer mu.Unlock()
					if n++; err != nil {
						failed = append(failed, err)
					}
				})
			}
		})
	}
	return func() (int, []error) {
		cancel()
		running.Wait()
		return n, failed
	}
}

// stock asks the API for stock until it answers: it gives up after a second, which a busy
// machine may take.
func (c *connected) stock(t *testing.T) {
	t.Helper()
	eventually(t, "the API answers for stock", func() bool {
		status, _ := fetch(t, c.url+"/v1/stock/MUG")
		return status == http.StatusOK
	})
}

// restart stops some workers and starts them again.
func (c *connected) restart(t *testing.T, together ...string) {
	t.Helper()
	for _, part := range together {
		c.parts[part].signal(t, syscall.SIGTERM)
	}
	for _, part := range together {
		require.Zero(t, c.parts[part].wait(t), part)
		c.begin(t, part)
	}
	for _, part := range together {
		ready(t, c.admin[part])
	}
	c.listed(t, len(parts)+len(twice()))
}

// Processes find each other at the broker and prove their names by certificates; no call
// fails because a worker is killed or all are restarted.
func TestSplitProcessesCallEachOther(t *testing.T) {
	t.Parallel()
	c := newConnected(t)
	first := c.insist(t, "", "wait=30", placement()).order
	require.Equal(t, confirmed, first.Status)
	heard := c.insist(t, "", "wait=30", change(map[string]any{"style": "choreographed"})).order
	require.Equal(t, []any{confirmed, order.Choreographed}, []any{heard.Status, heard.Style}, "each service hears of the others, and asks the order's")
	c.stock(t)

	operator := c.environ(c.own["api"]...)
	require.Contains(t, run(t, operator, "stock", "receive", "MUG", "5", "--warehouse", "BER", "--by", "ada"), "MUG in BER: ")
	require.Contains(t, run(t, operator, "stock", "journal", "MUG"), "ada")

	stop := asks(t, c.questions(t, first.ID))
	killed := second("inventory")
	c.parts[killed].kill(t)
	c.stock(t)
	c.listed(t, len(parts)+len(twice())-1)
	c.begin(t, killed)
	ready(t, c.admin[killed])
	c.listed(t, len(parts)+len(twice()))
	c.restart(t, services...)
	for _, service := range twice() {
		c.restart(t, second(service))
	}
	n, failed := stop()
	require.Empty(t, failed, "of %d calls", n)
	require.Greater(t, n, 100)
	t.Logf("calls: a worker killed and every worker restarted under %d calls to %d services, 0 failed", n, len(twice()))
	require.Equal(t, confirmed, c.insist(t, "", "wait=30", placement()).order.Status)
	c.stock(t)
}
