package access

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/policy"
)

// unary lets a call in, or returns a fault.
func (a *Access) unary(ctx context.Context, in any, call *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	step := ""
	if request, ok := in.(interface{ GetStep() string }); ok {
		step = request.GetStep()
	}
	caller, err := a.enter(ctx, call.FullMethod, step)
	if err != nil {
		return nil, err
	}
	return next(identity.WithCaller(ctx, caller), in)
}

// stream lets a call with a stream in, or returns a fault.
func (a *Access) stream(service any, s grpc.ServerStream, call *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	caller, err := a.enter(s.Context(), call.FullMethod, "")
	if err != nil {
		return refusal{err}
	}
	return next(service, entered{s, identity.WithCaller(s.Context(), caller)})
}

// refusal is a fault that also has a status: package rpc translates no fault of the
// library's own streams, health and reflection.
type refusal struct{ error }

// Unwrap returns the fault.
func (r refusal) Unwrap() error { return r.error }

// GRPCStatus is read by the library.
func (r refusal) GRPCStatus() *status.Status {
	return status.New(codes.PermissionDenied, r.Error())
}

// entered is a stream whose context has the caller.
type entered struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // a stream has its context
}

// Context implements [grpc.ServerStream].
func (e entered) Context() context.Context { return e.ctx }

// enter returns the caller of a call that may go on. The span of the call has the caller
// too, if it has proved its name.
func (a *Access) enter(ctx context.Context, path, step string) (string, error) {
	method := strings.TrimPrefix(path, "/")
	caller, err := a.caller(ctx)
	if err != nil {
		a.note(ctx, err, "", method, "identity", false)
		return "", err
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("amends.caller", caller))
	}
	if err := policy.Allow(caller, method, step); err != nil {
		a.note(ctx, err, caller, method, "policy", a.config.Audit)
		if !a.config.Audit {
			return "", err //nolint:wrapcheck // a fault that names the rule
		}
	}
	return caller, nil
}

// note logs and counts a denial.
func (a *Access) note(ctx context.Context, err error, caller, method, reason string, passed bool) {
	a.denied.Add(ctx, 1, metric.WithAttributes(
		attribute.String("caller", caller), attribute.String("reason", reason), attribute.Bool("passed", passed)))
	a.log.Do(func() {
		a.config.Logger.Warn("a call is denied", "caller", caller, "method", method, "passed", passed, "why", err)
	})
}

// caller returns the name that the caller of a call has proved.
func (a *Access) caller(ctx context.Context) (string, error) {
	if a.config.Mode != On {
		return a.callerBySecret(ctx)
	}
	p, ok := peer.FromContext(ctx)
	if !ok {
		return "", denied("identity.caller", "the connection has no peer")
	}
	info, ok := p.AuthInfo.(clientInfo)
	if !ok {
		return "", denied("identity.caller", "the connection has no certificates")
	}
	return info.name, info.refusal
}

// The headers by which a caller proves its name where no certificates are used.
const callerHeader, secretHeader = "amends-caller", "amends-secret"

func (a *Access) callerBySecret(ctx context.Context) (string, error) {
	names := metadata.ValueFromIncomingContext(ctx, callerHeader)
	given := metadata.ValueFromIncomingContext(ctx, secretHeader)
	switch {
	case len(names) != 1 || len(given) != 1:
		return "", denied("identity.caller", "the call does not name its caller")
	case !a.config.Secrets.Match(names[0], given[0]):
		return "", denied("identity.secret", "the secret is not that of the caller")
	default:
		return names[0], nil
	}
}

// denied returns the fault of a caller without an identity.
func denied(rule, why string) error {
	return fault.Errorf(fault.Bug, fault.Denied, "the caller is not let in: the rule is %s: %s", rule, why)
}

// bearer sends the name of a caller and its secret with every call.
type bearer struct{ name, secret string }

// GetRequestMetadata implements [credentials.PerRPCCredentials].
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{callerHeader: b.name, secretHeader: b.secret}, nil
}

// RequireTransportSecurity implements [credentials.PerRPCCredentials]. The transport is
// that of package local, or protected by a mesh.
func (b bearer) RequireTransportSecurity() bool { return false }
