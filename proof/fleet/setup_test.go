// Package fleet runs several instances of a service under load and stops, kills, slows and
// breaks them, and their registry.
package fleet

import (
	"context"
	"flag"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/balance"
	"github.com/amends/amends/internal/discovery/kv"
	"github.com/amends/amends/internal/discovery/meter"
	"github.com/amends/amends/internal/discovery/resolve"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/brokertest"
)

// whole makes the tests take the times of the claims instead of seconds.
var whole = flag.Bool("whole", false, "take the whole time: restarts with a lame duck of 2 s, a minute without registry")

const (
	service  = "catalog"
	lease    = 5 * time.Second // of an instance; a pause of the machine is no longer
	patience = 3 * time.Minute
	tick     = 10 * time.Millisecond
	rate     = 200 // calls a second
	deadline = 10 * time.Second
	most     = rate // calls under way: a machine that cannot take the rate makes fewer, not late ones
)

// times returns the time of a claim, or a short one.
func times(short, long time.Duration) time.Duration {
	if *whole {
		return long
	}
	return short
}

// testBundle is a broker, a fleet of instances and a client of theirs.
type testBundle struct {
	t        *testing.T
	broker   *brokertest.Broker
	registry discovery.Registry
	client   *grpc.ClientConn
	view     meter.Client

	mu       sync.Mutex
	answers  map[string]int // by instance
	failures []failure
	calls    int
}

// failure is a call that failed.
type failure struct {
	start, end time.Time
	at         string // the address of its instance
	err        error
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{t: t, broker: brokertest.Start(t), answers: map[string]int{}}
	var err error
	b.registry, err = kv.New(b.broker.Connect(), lease)
	require.NoError(t, err)
	b.client = b.dial("amends:///" + service)
	return b
}

func (b *testBundle) dial(target string) *grpc.ClientConn {
	b.t.Helper()
	c := resolve.Config{Registry: b.registry, Observer: &b.view, Logger: slog.New(slog.DiscardHandler), Refresh: 100 * time.Millisecond}
	conn, err := rpc.Dial(rpc.DialOptions{Target: target, Service: service, Balancer: balance.Policy, Plugins: []grpc.DialOption{c.DialOption(service)}})
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// mortal is a registry as an instance sees it that may be killed.
type mortal struct {
	discovery.Registry

	dead *atomic.Bool
}

func (m mortal) Put(ctx context.Context, i discovery.Instance) error {
	if m.dead.Load() {
		return context.Canceled
	}
	return m.Registry.Put(ctx, i)
}

func (m mortal) Remove(ctx context.Context, service, id string) error {
	if m.dead.Load() {
		return context.Canceled
	}
	return m.Registry.Remove(ctx, service, id)
}

// instance is a server of the fleet.
type instance struct {
	id, address string
	behave      func(context.Context) error
	load        *meter.Server
	dead        atomic.Bool
	listener    *listener
	stop        func() // drains
}

// listener can cut its connections off, as the kernel does when a process is killed.
type listener struct {
	net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, c)
		l.mu.Unlock()
	}
	return c, err
}

// start starts an instance that answers as behave says.
func (b *testBundle) start(id, address string, behave func(context.Context) error) *instance {
	b.t.Helper()
	l, err := new(net.ListenConfig).Listen(b.t.Context(), "tcp", address)
	require.NoError(b.t, err)
	i := &instance{id: id, address: l.Addr().String(), behave: behave, load: new(meter.Server), listener: &listener{Listener: l}}
	log := slog.New(slog.DiscardHandler)
	server := rpc.NewServer(rpc.ServerOptions{Logger: log, Plugins: []grpc.ServerOption{grpc.StatsHandler(i.load)}})
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "fleet", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Call",
		Handler: func(_ any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
			request := new(emptypb.Empty)
			if err := decode(request); err != nil {
				return nil, err
			}
			return around(ctx, request, &grpc.UnaryServerInfo{FullMethod: "/fleet/Call"}, func(ctx context.Context, _ any) (any, error) {
				return wrapperspb.String(i.id), i.behave(ctx)
			})
		},
	}}}, nil)
	server.Healthy(service)
	registration := &discovery.Registration{
		Registry: mortal{b.registry, &i.dead}, Load: i.load.Load, Logger: log,
		Instances: []discovery.Instance{{Service: service, ID: id, Address: i.address, Version: "v1", Started: time.Now()}},
	}
	serving, drain := context.WithCancel(context.WithoutCancel(b.t.Context()))
	registered, leave := context.WithCancel(b.t.Context())
	var answers, keeps sync.WaitGroup
	answers.Go(func() { _ = server.Serve(serving, i.listener, deadline) }) // an error if it is killed
	keeps.Go(func() { _ = registration.Keep(registered, times(200*time.Millisecond, discovery.DefaultLameDuck)) })
	i.stop = func() { // as a worker does
		leave()
		keeps.Wait()
		drain()
		answers.Wait()
	}
	b.t.Cleanup(func() { i.kill(); i.stop() })
	return i
}

// kill cuts all connections off, and the instance from its registry.
func (i *instance) kill() {
	i.dead.Store(true)
	_ = i.listener.Close()
	i.listener.mu.Lock()
	defer i.listener.mu.Unlock()
	for _, c := range i.listener.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}

// takes returns a behaviour: an answer after d.
func takes(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fails is a behaviour: an error at once.
func fails(context.Context) error { return status.Error(codes.Internal, "broken") }

// call makes one call and counts it.
func (b *testBundle) call(ctx context.Context, conn *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	start, by := time.Now(), peer.Peer{Addr: &net.TCPAddr{}}
	answer := new(wrapperspb.StringValue)
	err := conn.Invoke(ctx, "/fleet/Call", new(emptypb.Empty), answer, grpc.Peer(&by))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if err != nil {
		b.failures = append(b.failures, failure{start, time.Now(), by.Addr.String(), err})
		return
	}
	b.answers[answer.GetValue()]++
}

// under runs f under load: rate calls a second, each in a goroutine of its own, from the
// first one on that finds an instance.
func (b *testBundle) under(conn *grpc.ClientConn, f func()) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	require.Eventually(b.t, func() bool {
		return conn.Invoke(ctx, "/fleet/Call", new(emptypb.Empty), new(wrapperspb.StringValue)) == nil
	}, patience, tick, "no instance answers")
	stop, turns := make(chan struct{}), make(chan struct{}, most)
	var generator, calls sync.WaitGroup
	generator.Go(func() {
		t := time.NewTicker(time.Second / rate)
		defer t.Stop()
		for {
			select {
			case <-stop:
				return
			case <-t.C:
			}
			select {
			case turns <- struct{}{}:
				calls.Go(func() { b.call(b.t.Context(), conn); <-turns })
			default: // the machine is late
			}
		}
	})
	defer func() {
		close(stop)
		generator.Wait()
		calls.Wait()
	}()
	f()
}

// String returns when and where the call began, and how it failed.
func (f failure) String() string {
	return f.start.Format("15:04:05.000 ") + f.at + " " + f.err.Error()
}

// counts returns the calls so far, the failed ones, and the answers by instance.
func (b *testBundle) counts() (calls, failed int, answers map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls, len(b.failures), maps.Clone(b.answers)
}

// answered waits until each of the instances has answered n more calls.
func (b *testBundle) answered(n int, ids ...string) {
	b.t.Helper()
	_, _, before := b.counts()
	require.Eventually(b.t, func() bool {
		_, _, now := b.counts()
		return !slices.ContainsFunc(ids, func(id string) bool { return now[id] < before[id]+n })
	}, patience, tick, "%v", ids)
}

// noneFailed requires that calls were made and every one of them was answered.
func (b *testBundle) noneFailed() {
	b.t.Helper()
	calls, failed, answers := b.counts()
	b.t.Logf("%d calls, %d failed, answers by instance: %v", calls, failed, answers)
	require.Positive(b.t, calls)
	require.Zero(b.t, failed, "%v", b.failures)
}
