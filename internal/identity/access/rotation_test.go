package access_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/identity/files"
	"github.com/amends/amends/internal/identity/issuer"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/saga/participant/participantpb"
)

var rotateFor = flag.Duration("rotate.for", 3*time.Second, "how long TestRotationFailsNoCall goes on; new certificates come every two seconds, or at least eight times")

// callRate is the number of calls in a second during a rotation.
const callRate = 200

// TestRotationFailsNoCall issues new certificates, and replaces the authority twice,
// below calls of which a fourth makes a connection of its own. Before each issue a file
// is half-written.
func TestRotationFailsNoCall(t *testing.T) {
	t.Parallel()
	var log logs
	ours := newAuthority(t)
	r := &rotation{out: ours.issue(t, 0, "order", "payment")}
	order, payment := filesOf(t, r.out, 0, log.logger(), "order"), filesOf(t, r.out, 0, log.logger(), "payment")
	r.all = map[string]*files.Files{"order": order, "payment": payment}

	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(stop)
	for _, f := range r.all {
		running.Go(func() { _ = f.Run(ctx) })
	}
	address := serve(t, open(t, access.Config{Mode: access.On, Files: payment}, log.logger()), log.logger())
	load := newLoad(t, address, as(t, open(t, access.Config{Mode: access.On, Files: order}, log.logger()), "order", "payment"))
	for range 8 {
		running.Go(func() { load.run(ctx) })
	}

	every := min(2*time.Second, *rotateFor/8)
	issues := int(*rotateFor / every)
	next := time.NewTicker(every)
	defer next.Stop()
	ours.with(t, r.out, 0, func(i *issuer.Issuer) {
		for n := range issues {
			<-next.C
			if n == issues/4 || n == 3*issues/4 {
				r.replaceAuthority(t, i)
			}
			r.writeHalf(t, "order")
			require.NoError(t, i.Issue("order", "payment"))
			r.awaitFiles(t)
		}
	})
	stop()
	running.Wait()

	if failure := load.failure.Load(); failure != nil {
		t.Fatalf("%d of %d calls failed, the first with: %s", load.failed.Load(), load.calls.Load(), *failure)
	}
	t.Logf("%d calls, %d connections, %d issues for each of 2 names, 2 authorities replaced, 0 calls failed", load.calls.Load(), load.connections.Load(), issues)
	require.Greater(t, load.connections.Load(), int64(issues))
	require.GreaterOrEqual(t, len(r.serials), issues, "the processes have used the certificates")
}

// rotation replaces the files of some processes.
type rotation struct {
	out     string
	all     map[string]*files.Files
	serials map[string]bool // of the certificates of order that were used
}

// replaceAuthority does both parts of a replacement.
func (r *rotation) replaceAuthority(t *testing.T, i *issuer.Issuer) {
	t.Helper()
	stage, err := i.Rotate()
	require.NoError(t, err)
	require.Equal(t, issuer.Announced, stage)
	r.awaitFiles(t)
	stage, err = i.Rotate()
	require.NoError(t, err)
	require.Equal(t, issuer.Replaced, stage)
}

// writeHalf leaves the first half of a file in its place until the process has seen it.
func (r *rotation) writeHalf(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join(r.out, name+".pem")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content[:len(content)/2], 0o600))
	require.Eventually(t, func() bool { return len(r.all[name].Warnings()) > 0 }, patience, 5*time.Millisecond)
}

// awaitFiles waits until every process uses its files as they are.
func (r *rotation) awaitFiles(t *testing.T) {
	t.Helper()
	bundle, err := os.ReadFile(filepath.Join(r.out, "bundle.pem"))
	require.NoError(t, err)
	want := x509.NewCertPool()
	require.True(t, want.AppendCertsFromPEM(bundle))
	for name, f := range r.all {
		content, err := os.ReadFile(filepath.Join(r.out, name+".pem"))
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			pair, err := f.Certificate(name)
			return err == nil && f.Roots().Equal(want) && bytes.HasPrefix(content, certificatePEM(pair.Leaf))
		}, patience, 5*time.Millisecond)
	}
	pair, err := r.all["order"].Certificate("order")
	require.NoError(t, err)
	if r.serials == nil {
		r.serials = map[string]bool{}
	}
	r.serials[pair.Leaf.SerialNumber.String()] = true
}

// load calls at a rate, and counts.
type load struct {
	address                    string
	plugins                    []grpc.DialOption
	lasting                    participantpb.ParticipantClient
	limit                      *rate.Limiter
	calls, connections, failed atomic.Int64
	failure                    atomic.Pointer[string]
}

func newLoad(t *testing.T, address string, plugins []grpc.DialOption) *load {
	t.Helper()
	return &load{address: address, plugins: plugins, lasting: dial(t, address, plugins...), limit: rate.NewLimiter(callRate, 1)}
}

// run calls until ctx ends; a call that runs then is finished.
func (l *load) run(ctx context.Context) {
	for n := 0; l.limit.Wait(ctx) == nil; n++ {
		call := l.call
		if n%4 == 0 {
			call = l.callAnew
		}
		l.calls.Add(1)
		if err := call(context.WithoutCancel(ctx)); err != nil {
			l.failed.Add(1)
			text := err.Error()
			l.failure.CompareAndSwap(nil, &text)
		}
	}
}

func (l *load) call(ctx context.Context) error { return capture(ctx, l.lasting) }

// callAnew makes a connection of its own, which needs a handshake.
func (l *load) callAnew(ctx context.Context) error {
	l.connections.Add(1)
	conn, err := rpc.Dial(rpc.DialOptions{Target: l.address, Plugins: l.plugins})
	if err != nil {
		return err //nolint:wrapcheck // it is only shown
	}
	defer func() { _ = conn.Close() }()
	return capture(ctx, participantpb.NewParticipantClient(conn))
}

func capture(ctx context.Context, client participantpb.ParticipantClient) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := client.Do(ctx, &participantpb.DoRequest{Saga: "order/1", Step: "payment.capture"})
	return err //nolint:wrapcheck // it is only shown
}
