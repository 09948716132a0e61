package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/amends/amends/fault"
)

// maxMessage bounds a request and an answer, in bytes.
const maxMessage = 4 << 20

// How long a connection lives: its clients connect again, and then also to servers that
// have started since. Calls that run at its end have the grace to finish.
const (
	maxConnection      = 5 * time.Minute
	maxConnectionGrace = 30 * time.Second
)

// minPing is the shortest time between two pings that a server takes from a client.
const minPing = 10 * time.Second

// ServerOptions are those of a server.
type ServerOptions struct {
	// Logger gets the causes of internal errors, with the context of the method, or of the
	// plugin that fails: its handler can add their values. It must be set.
	Logger *slog.Logger
	// Metrics receives the durations of calls by method and status
	// (rpc_server_call_duration_seconds); nil: nothing is measured.
	Metrics metric.MeterProvider
	// Reflection lets tools list the methods. It is for development only.
	Reflection bool
	// Plugins add to the server, for example its certificates and the check of callers.
	// An error of an interceptor among them is translated as a method's.
	Plugins []grpc.ServerOption
}

// Server answers calls. It is a [grpc.ServiceRegistrar]: register everything before
// [Server.Serve].
type Server struct {
	grpc     *grpc.Server
	health   *health.Server
	stopping context.CancelFunc // see [UntilStop]
}

// NewServer returns a server without services. They are unhealthy until
// [Server.Healthy].
func NewServer(o ServerOptions) *Server {
	stopping, stop := context.WithCancel(context.Background()) // it ends with the server
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: maxConnection, MaxConnectionAgeGrace: maxConnectionGrace}),
		grpc.WaitForHandlers(true),
		grpc.StatsHandler(serverTelemetry(o.Metrics)),
		grpc.ChainUnaryInterceptor(translate(stopping, o.Logger), requireDeadline),
		grpc.ChainStreamInterceptor(guardStream(stopping, o.Logger)),
	}
	options = append(options, o.Plugins...)
	options = append(options, grpc.ChainUnaryInterceptor(enter), grpc.ChainStreamInterceptor(enterStream))
	s := &Server{grpc: grpc.NewServer(options...), health: health.NewServer(), stopping: stop}
	s.health.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	if o.Reflection {
		reflection.Register(s.grpc)
	}
	return s
}

// RegisterService implements [grpc.ServiceRegistrar].
func (s *Server) RegisterService(d *grpc.ServiceDesc, service any) {
	s.grpc.RegisterService(d, service)
}

// Healthy says that the server is ready, and these services on it are. Clients that
// watch the health of a service send it no calls before.
func (s *Server) Healthy(services ...string) {
	for _, name := range append(services, "") {
		s.health.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_SERVING)
	}
}

// Serve answers calls on l, which it closes, until ctx ends. Then the services are
// unhealthy, new calls are refused, and those that run have the drain time; the rest is
// cut off. Serve returns when the last call has ended: nil after a drain, otherwise the
// reason why the server could not listen any longer.
func (s *Server) Serve(ctx context.Context, l net.Listener, drain time.Duration) error {
	served := make(chan error, 1)
	go func() { served <- s.grpc.Serve(l) }()
	select {
	case err := <-served:
		s.stop(drain)
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	s.stop(drain)
	if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

func (s *Server) stop(drain time.Duration) {
	s.health.Shutdown()
	s.stopping()
	cut := time.AfterFunc(drain, s.grpc.Stop)
	defer cut.Stop()
	s.grpc.GracefulStop()
}

// methodKey is that of the place for a method's context.
type methodKey struct{}

// translate makes a status of every error, and of a panic. It lets the call know stopping,
// which ends when the server begins to stop.
func translate(stopping context.Context, log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, call *grpc.UnaryServerInfo, next grpc.UnaryHandler) (out any, err error) {
		method := ctx // until enter puts its own there
		defer func() {
			if p := recover(); p != nil {
				log.ErrorContext(method, "a call panicked", "method", call.FullMethod, "panic", p, "stack", string(debug.Stack()))
				out, err = nil, encode(fault.Errorf(fault.Bug, fault.Internal, "internal error")).Err()
			}
		}()
		ctx = context.WithValue(ctx, stoppingKey{}, stopping)
		out, err = next(context.WithValue(ctx, methodKey{}, &method), in)
		if err == nil {
			return out, nil
		}
		if fault.CodeOf(err) == fault.Internal {
			log.ErrorContext(method, "a call failed", "method", call.FullMethod, "error", err)
		}
		return nil, encode(err).Err()
	}
}

// enter is the last interceptor. It shows translate, the first, the context to which the
// plugins have added.
func enter(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if method, ok := ctx.Value(methodKey{}).(*context.Context); ok {
		*method = ctx //nolint:fatcontext // the place is of one call
	}
	return next(ctx, in)
}

// requireDeadline refuses a call that may wait for ever.
func requireDeadline(ctx context.Context, in any, call *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := hasDeadline(ctx, call.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, in)
}

func hasDeadline(ctx context.Context, method string) error {
	if _, ok := ctx.Deadline(); !ok {
		return fault.Errorf(fault.Bug, fault.Invalid, "the call of %s has no deadline", method)
	}
	return nil
}
