package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc"
)

var allKinds = []fault.Kind{fault.Business, fault.Transient, fault.Unknown, fault.Suspension, fault.Bug}

// raw calls a method past the translation of the client, and returns the status.
func raw(t *testing.T, err error) *status.Status {
	t.Helper()
	addr, _ := serve(t, func(context.Context, string) (string, error) { return "", err }, rpc.ServerOptions{}, patience)
	var seen error
	conn := dial(t, rpc.DialOptions{Target: addr, Plugins: []grpc.DialOption{grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, next grpc.UnaryInvoker, options ...grpc.CallOption) error {
			seen = next(ctx, method, in, out, conn, options...)
			return seen
		},
	)}})
	_, _ = call(t, conn, act, "", patience)
	return status.Convert(seen)
}

func TestEveryKindHasItsStatus(t *testing.T) {
	t.Parallel()
	for kind, code := range map[fault.Kind]codes.Code{
		fault.Business: codes.FailedPrecondition, fault.Suspension: codes.Aborted, fault.Bug: codes.Internal,
		fault.Transient: codes.Unavailable, fault.Unknown: codes.Unknown,
	} {
		s := raw(t, fault.Errorf(kind, "SOME_CODE", "some message"))
		require.Equal(t, code, s.Code(), kind)
		require.Equal(t, "some message", s.Message())
		require.Len(t, s.Details(), 1)
		info, ok := s.Details()[0].(*errdetails.ErrorInfo)
		require.True(t, ok)
		require.Equal(t, "SOME_CODE", info.GetReason())
		require.Equal(t, "amends", info.GetDomain())
		require.Equal(t, map[string]string{"kind": string(kind)}, info.GetMetadata())
	}
}

// TestFaultsTravelUnchanged: a saga decides by code and kind, so none may be lost.
func TestFaultsTravelUnchanged(t *testing.T) {
	t.Parallel()
	var fail error
	conn := connect(t, func(context.Context, string) (string, error) { return "", fail })

	rapid.Check(t, func(r *rapid.T) {
		sent := fault.Errorf(rapid.SampledFrom(allKinds).Draw(r, "kind"), fault.Code(rapid.String().Draw(r, "code")), "%s", rapid.String().Draw(r, "message"))
		fail = sent
		if rapid.Bool().Draw(r, "wrapped") {
			fail = fmt.Errorf("validate: %w", sent)
		}
		_, err := call(t, conn, act, "", patience)
		got := fault.Of(err)
		require.Equal(t, []any{sent.Code, sent.Kind, sent.Message}, []any{got.Code, got.Kind, got.Message})
	})
}

func TestAnyTextTravels(t *testing.T) {
	t.Parallel()
	conn := connect(t, func(context.Context, string) (string, error) {
		return "", fault.Errorf(fault.Business, "A\xffB", "m\xff")
	})
	_, err := call(t, conn, act, "", patience)
	require.Equal(t, fault.Business, fault.KindOf(err))
	require.Equal(t, "A\uFFFDB: m\uFFFD", err.Error())
}

// TestAKindOfTheFutureIsReadByItsStatus: servers may be newer than their clients.
func TestAKindOfTheFutureIsReadByItsStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]fault.Kind{
		codes.FailedPrecondition: fault.Business, codes.Aborted: fault.Suspension, codes.Unavailable: fault.Transient, codes.DataLoss: fault.Unknown,
	} {
		s, err := status.New(code, "told").WithDetails(&errdetails.ErrorInfo{Reason: "NEW", Domain: "amends", Metadata: map[string]string{"kind": "novel"}})
		require.NoError(t, err)
		conn := connect(t, func(context.Context, string) (string, error) { return "", s.Err() })
		_, err = call(t, conn, act, "", patience)
		require.Equal(t, want, fault.KindOf(err), code)
		require.Equal(t, "NEW: told", err.Error())
	}
}

func TestCausesStayWithTheServer(t *testing.T) {
	t.Parallel()

	// setup returns the failure of a call, and the server's log.
	setup := func(t *testing.T, m method) (log string, err error) {
		t.Helper()
		var written bytes.Buffer
		addr, stop := serve(t, m, rpc.ServerOptions{Logger: slog.New(slog.NewTextHandler(&written, nil))}, patience)
		_, err = call(t, dial(t, rpc.DialOptions{Target: addr}), act, "", patience)
		require.NoError(t, stop())
		return written.String(), err
	}

	t.Run("AnErrorThatIsNoFault", func(t *testing.T) {
		t.Parallel()
		log, err := setup(t, func(context.Context, string) (string, error) { return "", errors.New("secret") })
		require.EqualError(t, err, "INTERNAL: internal error")
		require.Equal(t, fault.Transient, fault.KindOf(err))
		require.Contains(t, log, "secret")
		require.Contains(t, log, act)
	})

	t.Run("ABug", func(t *testing.T) {
		t.Parallel()
		log, err := setup(t, func(context.Context, string) (string, error) {
			return "", fault.Wrap(errors.New("secret"), fault.Bug, fault.Internal, "a contradiction")
		})
		require.EqualError(t, err, "INTERNAL: a contradiction")
		require.Contains(t, log, "a contradiction")
	})

	t.Run("APanic", func(t *testing.T) {
		t.Parallel()
		log, err := setup(t, func(context.Context, string) (string, error) { panic("secret") })
		require.EqualError(t, err, "INTERNAL: internal error")
		require.Equal(t, fault.Bug, fault.KindOf(err))
		require.Contains(t, log, "secret")
		require.Contains(t, log, "fault_test.go", "the stack")
	})

	t.Run("ADecisionIsNotLogged", func(t *testing.T) {
		t.Parallel()
		log, _ := setup(t, func(context.Context, string) (string, error) {
			return "", fault.Errorf(fault.Business, "NO", "declined")
		})
		require.Empty(t, log)
	})
}

type callerKey struct{}

// called adds the caller of a context to records.
type called struct{ slog.Handler }

func (c called) Handle(ctx context.Context, r slog.Record) error {
	r = r.Clone()
	r.AddAttrs(slog.Any("caller", ctx.Value(callerKey{})))
	return c.Handler.Handle(ctx, r)
}

type calledStream struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // a stream has its context
}

func (c calledStream) Context() context.Context { return c.ctx }

func TestALoggedCallHasTheContextThatPluginsMade(t *testing.T) {
	t.Parallel()
	let := func(ctx context.Context) context.Context { return context.WithValue(ctx, callerKey{}, "shipping") }
	plugins := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			return next(let(ctx), in)
		}),
		grpc.ChainStreamInterceptor(func(server any, s grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return next(server, calledStream{s, let(s.Context())})
		}),
	}
	for name, m := range map[string]method{
		"a call failed":   func(context.Context, string) (string, error) { return "", errors.New("broken") },
		"a call panicked": func(context.Context, string) (string, error) { panic("broken") },
	} {
		for _, path := range []string{act, read} {
			var written bytes.Buffer
			log := slog.New(called{slog.NewTextHandler(&written, nil)})
			addr, stop := serve(t, m, rpc.ServerOptions{Logger: log, Plugins: plugins}, patience)
			_, err := call(t, dial(t, rpc.DialOptions{Target: addr}), path, "", patience)
			require.EqualError(t, err, "INTERNAL: internal error")
			require.NoError(t, stop())
			require.Contains(t, written.String(), name)
			require.Contains(t, written.String(), "caller=shipping", path)
		}
	}
}
