package worker

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/secrets"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
)

// callers are the secrets of some callers.
const callers = "api=0123456789abcdef0,operator=0123456789abcdef1,order=0123456789abcdef2,payment=0123456789abcdef3,user=0123456789abcdef4,notification=0123456789abcdef5," +
	"catalog=0123456789abcdef6,inventory=0123456789abcdef7,shipping=0123456789abcdef8"

// lockIn returns a new access for these callers.
func lockIn(t *testing.T) *access.Access {
	t.Helper()
	known, err := secrets.Parse(callers)
	require.NoError(t, err)
	a, err := access.New(access.Config{
		Mode: access.Off, Secrets: known, Logger: slog.New(slog.DiscardHandler), Metrics: noop.NewMeterProvider(),
	})
	require.NoError(t, err)
	return a
}

// listen takes a free port of this machine.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := process.Listen(t.Context(), "rpc.listen", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// runs runs a new group on new databases, see [start].
func runs(t *testing.T, o Options) (stop func()) {
	t.Helper()
	require.NoError(t, Migrate(t.Context(), o))
	g, err := New(o)
	require.NoError(t, err)
	return start(t, g, connect(t, &flickering{}))
}

// TestAGroupLetsInWhomThePolicyAllows: whoever reaches the port may call nothing without
// a name, and with one only the methods and steps of its rows.
func TestAGroupLetsInWhomThePolicyAllows(t *testing.T) {
	t.Parallel()
	o, a, l := options(t, "inventory", "payment"), lockIn(t), listen(t)
	o.RPC = RPC{Listener: l, Plugins: a.Server()}
	stop := runs(t, o)
	defer stop()
	within := rpctest.Context(t)
	as := func(name string) *grpc.ClientConn {
		var plugins []grpc.DialOption
		if name != "" {
			var err error
			plugins, err = a.Client(name, "inventory")
			require.NoError(t, err)
		}
		conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String(), Plugins: plugins})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		return conn
	}
	undo := func(caller, step string) error {
		return participant.NewClient(as(caller)).Undo(within, saga.Key{Saga: "o1", Step: step})
	}
	denies := func(err error, rule string) {
		t.Helper()
		require.Equal(t, fault.Denied, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "the rule is "+rule)
	}

	require.NoError(t, undo("order", "payment.authorize"))
	denies(undo("", "payment.authorize"), "identity.caller")
	denies(undo("payment", "payment.authorize"), "payment.authorize <- order")
	denies(undo("order", "payment.steal"), "default deny")

	booked := func(caller string) error {
		_, err := inventoryrpc.NewClient(as(caller)).Receive(within, inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 1, By: "test"})
		return err
	}
	require.NoError(t, booked("operator"))
	denies(booked("api"), "amends.inventory.v1.Inventory/Receive <- operator")
	denies(booked(""), "identity.caller")
	stock, err := inventoryrpc.NewClient(as("api")).Stock(within, "MUG")
	require.NoError(t, err)
	require.EqualValues(t, 1, stock[0].Received, "denied calls had no effect")
}

// leaving is a registry that tells when an instance leaves it.
type leaving struct {
	discovery.Memory

	left func()
}

// Remove implements [discovery.Registry].
func (l *leaving) Remove(ctx context.Context, service, id string) error {
	err := l.Memory.Remove(ctx, service, id)
	l.left()
	return err
}

// TestAGroupIsRegisteredWhileItIsReady: its instances come after it is ready, and leave
// before it stops to answer, by the lame-duck time.
func TestAGroupIsRegisteredWhileItIsReady(t *testing.T) {
	t.Parallel()
	o, l := options(t, "catalog", "inventory"), listen(t)
	conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String(), Service: "inventory"})
	require.NoError(t, err)
	defer conn.Close()
	within, left, answers := rpctest.Context(t), make(chan time.Time, 2), make(chan error, 2)
	registry := &leaving{left: func() {
		_, err := inventoryrpc.NewClient(conn).Stock(within, "MUG")
		answers <- err
		left <- time.Now()
	}}
	const lameDuck = 300 * time.Millisecond
	o.RPC = RPC{Listener: l, Registry: registry, Address: l.Addr().String(), Version: "v1", LameDuck: lameDuck}
	instances := func() []discovery.Instance {
		all, err := registry.All(t.Context())
		require.NoError(t, err)
		return all
	}
	stop := runs(t, o)
	require.Eventually(t, func() bool { return len(instances()) == 2 }, patience, time.Millisecond)
	for _, i := range instances() {
		require.Contains(t, []string{"catalog", "inventory"}, i.Service)
		require.Equal(t, l.Addr().String(), i.Address)
		require.Equal(t, "v1", i.Version)
	}
	stop()
	require.Empty(t, instances())
	require.NoError(t, <-answers, "it answers those who have not seen yet that it leaves")
	require.NoError(t, <-answers)
	require.GreaterOrEqual(t, time.Since(<-left), lameDuck)
}
