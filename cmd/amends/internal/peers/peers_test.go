package peers_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
)

// testBundle is the process of the API and inventory, whose callers know secrets.
type testBundle struct {
	*peers.Peers

	config   *config.Config
	metrics  *telemetry.Metrics
	parts    *process.Parts
	registry *discovery.Memory
}

func setup(t *testing.T, change func(*config.Config)) *testBundle {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	c := config.Default(cli.Sections()...)
	c.Identity.Secrets = "api=0123456789abcdef0,inventory=0123456789abcdef1"
	change(&c)
	metrics, err := telemetry.NewMetrics(quiet)
	require.NoError(t, err)
	ctx, parts := process.New(t.Context())
	t.Cleanup(func() { require.NoError(t, parts.Stop()) })
	b := &testBundle{config: &c, metrics: metrics, parts: parts, registry: new(discovery.Memory)}
	b.Peers, err = peers.Start(ctx, parts, peers.Options{
		Config: &c, Names: []string{"api", "inventory"}, Registry: b.registry, Logger: quiet, Metrics: metrics,
	})
	require.NoError(t, err)
	return b
}

func TestListenTellsHowOthersReachIt(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	for listen, want := range map[string]string{"127.0.0.1:0": "127.0.0.1", "0.0.0.0:0": host, ":0": host} {
		b := setup(t, func(c *config.Config) { c.Identity.MTLS = "mesh" })
		r, err := b.Listen(t.Context(), b.parts, listen)
		require.NoError(t, err)
		_, port, err := net.SplitHostPort(r.Listener.Addr().String())
		require.NoError(t, err)
		require.Equal(t, net.JoinHostPort(want, port), r.Address)
	}
	b := setup(t, func(c *config.Config) { c.RPC.Advertise = "10.0.0.7:7080" })
	r, err := b.Listen(t.Context(), b.parts, "127.0.0.1:0")
	require.NoError(t, err)
	require.Equal(t, "10.0.0.7:7080", r.Address)
	_, err = b.Listen(t.Context(), b.parts, "0.0.0.0:0")
	require.ErrorContains(t, err, "rpc.listen: identity.mtls is off")
}

// stocked has one mug.
type stocked struct{ inventory.Direct }

// Stock implements [inventory.Direct].
func (stocked) Stock(context.Context, string) ([]inventory.Stock, error) {
	return []inventory.Stock{{SKU: "MUG", Warehouse: "BER", Available: 1}}, nil
}

func TestDialFindsAService(t *testing.T) {
	t.Parallel()
	// serve answers for inventory as a worker does, and returns its address.
	serve := func(b *testBundle) string {
		r, err := b.Listen(t.Context(), b.parts, "127.0.0.1:0")
		require.NoError(t, err)
		s := rpc.NewServer(rpc.ServerOptions{Logger: slog.New(slog.DiscardHandler), Plugins: r.Plugins})
		inventoryrpc.Register(s, stocked{})
		s.Healthy("inventory")
		b.parts.Start(t.Context(), process.Part{Name: "rpc", Run: func(ctx context.Context) error { return s.Serve(ctx, r.Listener, time.Minute) }})
		return r.Address
	}
	asks := func(b *testBundle) error {
		conn, err := b.Dial(t.Context(), b.parts, "api", "inventory")
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = inventoryrpc.NewClient(conn).Stock(ctx, "MUG")
		return err
	}

	b := setup(t, func(*config.Config) {})
	require.ErrorContains(t, asks(b), "cannot be reached", "no instance is registered")
	require.NoError(t, b.registry.Put(t.Context(), discovery.Instance{Service: "inventory", ID: "a", Address: serve(b)}))
	require.NoError(t, asks(b), "by the registry")

	b = setup(t, func(*config.Config) {})
	address := serve(b)
	for _, s := range b.config.Services {
		if s.Name == "inventory" {
			s.Target = "static:///" + address
		}
	}
	require.NoError(t, asks(b), "by its target, without a registration")
	answer := httptest.NewRecorder()
	b.metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	require.Contains(t, answer.Body.String(), `amends_discovery_instances{service="inventory"} 1`)
	_, err := b.Dial(t.Context(), b.parts, "payment", "inventory")
	require.ErrorContains(t, err, `identity: this process has no secret for "payment"`)
}
