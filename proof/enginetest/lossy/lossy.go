// Package lossy is a proxy between a client and its engine that loses answers: the
// engine does as it is told, and the client does not learn it.
package lossy

import (
	"context"
	"errors"
	"net"
	"path"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Proxy passes every call on to an engine, except those that a test plans.
type Proxy struct {
	Address string // host:port

	engine *grpc.ClientConn
	mu     sync.Mutex
	plans  map[string]*plan // by the name of the method
}

// plan is how the calls of one method are answered.
type plan struct {
	lose  int   // so many calls are passed on, and their answers lost
	then  error // answers the calls after that, which are not passed on
	calls int
}

// Start starts a proxy of the engine at an address, for the duration of the test.
func Start(tb testing.TB, engine string) *Proxy {
	tb.Helper()
	c, err := grpc.NewClient(engine, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(frames{})))
	require.NoError(tb, err)
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	p := &Proxy{Address: l.Addr().String(), engine: c, plans: map[string]*plan{}}
	s := grpc.NewServer(grpc.ForceServerCodec(frames{}), grpc.UnknownServiceHandler(p.serve))
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	tb.Cleanup(func() {
		s.Stop()
		require.NoError(tb, <-served)
		require.NoError(tb, c.Close())
	})
	return p
}

// Lose loses the answers of the next n calls of a method, such as
// UpdateWorkflowExecution, and answers the later ones with an error, without passing
// them on, until [Proxy.Mend].
func (p *Proxy) Lose(method string, n int, then error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans[method] = &plan{lose: n, then: then}
}

// Mend passes all calls on again.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.plans)
}

// Calls returns how many calls of a method the present plan has seen.
func (p *Proxy) Calls(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if planned := p.plans[method]; planned != nil {
		return planned.calls
	}
	return 0
}

// errLost is a broken connection, as a client sees it.
var errLost = status.Error(codes.Unavailable, "the connection broke")

// next returns whether a call is passed on, and the error that answers it anyway.
func (p *Proxy) next(method string) (pass bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	planned := p.plans[method]
	if planned == nil {
		return true, nil
	}
	planned.calls++
	if planned.calls <= planned.lose {
		return true, errLost
	}
	return false, planned.then
}

func (p *Proxy) serve(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var request, answer []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	pass, instead := p.next(path.Base(method))
	if !pass {
		return instead
	}
	ctx := stream.Context()
	if instead != nil {
		ctx = context.WithoutCancel(ctx) // the engine does as it is told, whatever becomes of the client
	}
	in, _ := metadata.FromIncomingContext(ctx)
	if err := p.engine.Invoke(metadata.NewOutgoingContext(ctx, in), method, &request, &answer); err != nil || instead != nil {
		return errors.Join(instead, err)
	}
	return stream.SendMsg(&answer)
}

// frames passes messages on as they are.
type frames struct{}

func (frames) Name() string { return "proto" }

func (frames) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil } //nolint:forcetypeassert,errcheck // serve gives it nothing else

func (frames) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...) //nolint:forcetypeassert,errcheck // as above
	return nil
}
