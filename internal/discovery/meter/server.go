// Package meter counts the calls of a process and what its connections see: a server's
// load goes to the registry, a client's view to the metrics.
package meter

import (
	"context"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/balance"
)

// Server counts the calls that a server answers, but not those for its health. It is a
// stats handler, so it counts what the caller gets. The zero Server is ready to use.
type Server struct{ inFlight, calls, errors atomic.Int64 }

var _ stats.Handler = (*Server)(nil)

// Load returns the counts so far.
func (s *Server) Load() discovery.Load {
	return discovery.Load{InFlight: s.inFlight.Load(), Calls: s.calls.Load(), Errors: s.errors.Load()}
}

type uncountedKey struct{}

// TagRPC implements [stats.Handler].
func (*Server) TagRPC(ctx context.Context, call *stats.RPCTagInfo) context.Context {
	if strings.HasPrefix(call.FullMethodName, "/grpc.health.v1.") {
		return context.WithValue(ctx, uncountedKey{}, true)
	}
	return ctx
}

// HandleRPC implements [stats.Handler].
func (s *Server) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if ctx.Value(uncountedKey{}) != nil {
		return
	}
	switch event := event.(type) {
	case *stats.Begin:
		s.inFlight.Add(1)
	case *stats.End:
		s.inFlight.Add(-1)
		s.calls.Add(1)
		if balance.Failed(status.Code(event.Error)) {
			s.errors.Add(1)
		}
	}
}

// TagConn implements [stats.Handler].
func (*Server) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements [stats.Handler].
func (*Server) HandleConn(context.Context, stats.ConnStats) {}
