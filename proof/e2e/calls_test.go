package e2e_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/amends/amends/internal/discovery/balance"
	"github.com/amends/amends/internal/discovery/kv"
	"github.com/amends/amends/internal/discovery/resolve"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/rpc"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
)

// second is another worker of the inventory service.
const second = "inventory, the second"

// connected is a split platform whose processes call each other: by mutual TLS, over the
// registry of a broker, with two workers of inventory.
type connected struct {
	*split

	broker       string // URL
	certificates string // folder
}

func newConnected(t *testing.T) *connected {
	t.Helper()
	authority, address := t.TempDir(), freeAddress(t)
	c := &connected{split: newSplit(t, onFiles(t)), broker: "nats://" + address, certificates: t.TempDir()}
	certs := []string{"--env", "test", "--dir", filepath.Join(authority, "authority"), "--out", c.certificates}
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
	beside := freeAddress(t)
	c.own[second] = append(c.own["inventory"][:len(c.own["inventory"]):len(c.own["inventory"])], "AMENDS_ADMIN_ADDR="+beside)
	c.admin[second] = "http://" + beside
	c.startEngine(t)
	require.Contains(t, run(t, c.environ(), "migrate", "temporal"), "namespace default")
	for _, part := range append([]string{second}, parts...) {
		c.begin(t, part)
	}
	for _, base := range c.admin {
		ready(t, base)
	}
	return c
}

// begin starts a part, also the second worker of inventory.
func (c *connected) begin(t *testing.T, part string) {
	t.Helper()
	if part != second {
		c.start(t, part)
		return
	}
	c.parts[part] = launch(t, c.environ(c.own[part]...), "worker", "inventory")
}

// listed waits until `amends services` shows that many instances of inventory and one of
// each other service.
func (c *connected) listed(t *testing.T, ofInventory int) {
	t.Helper()
	eventually(t, "amends services lists the instances", func() bool {
		var all []struct {
			Service string `json:"service"`
		}
		require.NoError(t, json.Unmarshal([]byte(run(t, c.environ(), "services", "--json", "--broker-url", c.broker)), &all))
		n := map[string]int{}
		for _, i := range all {
			n[i.Service]++
		}
		return n["inventory"] == ofInventory && len(all) == ofInventory+len(services)-1
	})
}

// client is the inventory service as the API reaches it, without its limit of a second.
func (c *connected) client(t *testing.T) *inventoryrpc.Client {
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
	plugins, err := a.Client("api", "inventory")
	require.NoError(t, err)
	at, err := nats.Connect(c.broker, nats.MaxReconnects(-1))
	require.NoError(t, err)
	t.Cleanup(at.Close)
	js, err := jetstream.New(at)
	require.NoError(t, err)
	registry, err := kv.New(js, kv.DefaultLease)
	require.NoError(t, err)
	conn, err := rpc.Dial(rpc.DialOptions{
		Target: "amends:///inventory", Service: "inventory", Balancer: balance.Policy,
		Plugins: append(plugins, resolve.Config{Registry: registry, Logger: quiet}.DialOption()),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return inventoryrpc.NewClient(conn)
}

// calls asks for stock until stopped, and returns how often, and the failures.
func calls(t *testing.T, of *inventoryrpc.Client) (stop func() (int, []error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var n int
	var failed []error
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ; ctx.Err() == nil; n++ {
			within, stop := context.WithTimeout(t.Context(), patience)
			if _, err := of.Stock(within, "MUG"); err != nil {
				failed = append(failed, err)
			}
			stop()
			<-tick.C
		}
	})
	return func() (int, []error) {
		cancel()
		done.Wait()
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

// Processes find each other at the broker and prove their names by certificates; no call
// fails because a worker is killed or all are restarted.
func TestSplitProcessesCallEachOther(t *testing.T) {
	t.Parallel()
	c := newConnected(t)
	require.Equal(t, confirmed, c.insist(t, "", "wait=30", placement()).order.Status)
	c.stock(t)
	c.listed(t, 2)

	stop := calls(t, c.client(t))
	c.parts[second].signal(t, syscall.SIGKILL)
	c.parts[second].wait(t)
	c.stock(t)
	c.listed(t, 1)
	c.begin(t, second)
	ready(t, c.admin[second])
	c.listed(t, 2)
	for _, together := range [][]string{{"inventory", "order", "catalog"}, {second, "payment", "shipping"}} {
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
		c.listed(t, 2)
	}
	n, failed := stop()
	require.Empty(t, failed, "of %d calls", n)
	require.Greater(t, n, 100)
	require.Equal(t, confirmed, c.insist(t, "", "wait=30", placement()).order.Status)
	c.stock(t)
}
