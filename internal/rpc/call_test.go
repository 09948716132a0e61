package rpc_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc"
)

// listener keeps the last connection that it accepted.
type listener struct {
	net.Listener

	last atomic.Pointer[net.Conn]
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.last.Store(&c)
	}
	return c, err
}

// cut closes the last connection.
func (l *listener) cut() { _ = (*l.last.Load()).Close() }

func listen(t *testing.T) *listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return &listener{Listener: l}
}

// TestTransientOnlyWithoutEffect: a caller repeats a transient failure as if nothing had
// happened.
func TestTransientOnlyWithoutEffect(t *testing.T) {
	t.Parallel()

	t.Run("NoServerListens", func(t *testing.T) {
		t.Parallel()
		l := listen(t)
		require.NoError(t, l.Close())
		_, err := call(t, dial(t, rpc.DialOptions{Target: l.Addr().String()}), act, "", patience)
		require.EqualError(t, err, "UNAVAILABLE: the service cannot be reached")
		require.Equal(t, fault.Transient, fault.KindOf(err))
		require.Equal(t, codes.Unavailable, status.Code(err), "the cause is there")
	})

	t.Run("TheServerDoesNotAccept", func(t *testing.T) {
		t.Parallel()
		l := listen(t)
		_, err := call(t, dial(t, rpc.DialOptions{Target: l.Addr().String()}), act, "", 200*time.Millisecond)
		require.Equal(t, fault.Transient, fault.KindOf(err))
	})

	t.Run("TheConnectionBreaksDuringTheCall", func(t *testing.T) {
		t.Parallel()
		l := listen(t)
		serveOn(t, l, func(ctx context.Context, _ string) (string, error) {
			l.cut()
			<-ctx.Done()
			return "", ctx.Err()
		}, rpc.ServerOptions{}, patience)
		_, err := call(t, dial(t, rpc.DialOptions{Target: l.Addr().String()}), act, "", patience)
		require.EqualError(t, err, "UNAVAILABLE: the connection was lost before the answer")
		require.Equal(t, fault.Unknown, fault.KindOf(err))
	})

	t.Run("ARepeatIsRefusedAfterALostAnswer", func(t *testing.T) {
		t.Parallel()
		l := listen(t)
		var calls atomic.Int32
		serveOn(t, l, func(ctx context.Context, _ string) (string, error) {
			if calls.Add(1) == 1 {
				l.cut()
				<-ctx.Done()
				return "", ctx.Err()
			}
			return "", fault.Errorf(fault.Transient, fault.Locked, "another transaction holds the row")
		}, rpc.ServerOptions{}, patience)
		_, err := call(t, dial(t, rpc.DialOptions{Target: l.Addr().String()}), ask, "", patience)
		require.Equal(t, fault.Locked, fault.CodeOf(err))
		require.Equal(t, fault.Unknown, fault.KindOf(err), "the first attempt may have had an effect")
		require.Greater(t, calls.Load(), int32(1))
	})

	t.Run("TheServerIsTooSlow", func(t *testing.T) {
		t.Parallel()
		conn := connect(t, func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		_, err := call(t, conn, act, "", time.Second)
		require.EqualError(t, err, "TIMEOUT: no answer in time")
		require.Equal(t, fault.Unknown, fault.KindOf(err))
	})

	t.Run("TheRequestIsTooLarge", func(t *testing.T) {
		t.Parallel()
		conn := connect(t, func(_ context.Context, in string) (string, error) { return in, nil })
		_, err := call(t, conn, act, strings.Repeat("x", 4<<20), patience)
		require.EqualError(t, err, "INTERNAL: the request cannot be sent")
		require.Equal(t, fault.Bug, fault.KindOf(err))
	})

	t.Run("TheRequestHasNoEncoding", func(t *testing.T) {
		t.Parallel()
		conn := connect(t, func(_ context.Context, in string) (string, error) { return in, nil })
		_, err := call(t, conn, act, "\xff", patience)
		require.EqualError(t, err, "INTERNAL: the request cannot be sent")
		require.Equal(t, fault.Bug, fault.KindOf(err))
	})

	t.Run("TheServerHasNoSuchMethod", func(t *testing.T) {
		t.Parallel()
		conn := connect(t, nil)
		for _, name := range []string{"/" + testService + "/Else", "/amends.else.v1.Else/Do"} {
			_, err := call(t, conn, name, "", patience)
			require.EqualError(t, err, "INTERNAL: the server does not know the method")
			require.Equal(t, fault.Bug, fault.KindOf(err))
		}
	})
}

// TestAForeignStatusIsNoDecision: a proxy may answer in place of the service.
func TestAForeignStatusIsNoDecision(t *testing.T) {
	t.Parallel()
	var answer codes.Code
	conn := connect(t, func(context.Context, string) (string, error) { return "", status.Error(answer, "upstream 10.0.0.7") })
	for answer = codes.Canceled; answer <= codes.Unauthenticated; answer++ {
		_, err := call(t, conn, act, "", patience)
		want := fault.Unknown
		switch answer {
		case codes.Unimplemented, codes.PermissionDenied, codes.Unauthenticated:
			want = fault.Bug
		}
		require.Equal(t, want, fault.KindOf(err), answer)
		require.NotContains(t, err.Error(), "10.0.0.7")
		require.ErrorContains(t, fault.Of(err).Unwrap(), "10.0.0.7")
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()

	// setup serves a method that fails with err, and returns how often method was called.
	setup := func(t *testing.T, method string, err error) int {
		t.Helper()
		calls := 0
		conn := connect(t, func(context.Context, string) (string, error) {
			calls++
			return "", err
		})
		_, got := call(t, conn, method, "", patience)
		require.Equal(t, fault.KindOf(err), fault.KindOf(got))
		return calls
	}

	t.Run("AnIdempotentMethodThreeTimes", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 4, setup(t, ask, fault.Errorf(fault.Transient, fault.Unavailable, "later")))
	})
	t.Run("NoOtherMethod", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 1, setup(t, act, fault.Errorf(fault.Transient, fault.Unavailable, "later")))
	})
	t.Run("NoStream", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 1, setup(t, read, fault.Errorf(fault.Transient, fault.Unavailable, "later")))
	})
	t.Run("NoAnswer", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []fault.Kind{fault.Business, fault.Suspension, fault.Unknown, fault.Bug} {
			require.Equal(t, 1, setup(t, ask, fault.Errorf(kind, fault.Conflict, "no")), kind)
		}
	})
	t.Run("UntilItSucceeds", func(t *testing.T) {
		t.Parallel()
		calls := 0
		conn := connect(t, func(_ context.Context, in string) (string, error) {
			if calls++; calls < 3 {
				return "", fault.Errorf(fault.Transient, fault.Unavailable, "later")
			}
			return in, nil
		})
		out, err := call(t, conn, ask, "hello", patience)
		require.NoError(t, err)
		require.Equal(t, "hello", out)
	})
	t.Run("NeverPastTheDeadline", func(t *testing.T) {
		t.Parallel()
		conn := connect(t, func(ctx context.Context, _ string) (string, error) {
			if at, ok := ctx.Deadline(); !ok || time.Until(at) > time.Second {
				t.Errorf("an attempt has until %v", at)
			}
			return "", fault.Errorf(fault.Transient, fault.Unavailable, "later")
		})
		require.Eventually(t, func() bool { // a busy machine may need all of it for the first attempt
			_, err := call(t, conn, ask, "", 30*time.Millisecond) // the first pause is about 50 ms
			return err != nil && err.Error() == "UNAVAILABLE: later"
		}, patience, time.Millisecond)
	})
}

func TestACallNeedsADeadline(t *testing.T) {
	t.Parallel()
	const refusal = "INVALID: the call of " + act + " has no deadline"
	addr, _ := serve(t, func(context.Context, string) (string, error) {
		t.Error("the call arrived")
		return "", nil
	}, rpc.ServerOptions{}, patience)

	t.Run("OfTheClient", func(t *testing.T) {
		t.Parallel()
		err := dial(t, rpc.DialOptions{Target: addr}).Invoke(t.Context(), act, nil, nil)
		require.EqualError(t, err, refusal)
		require.Equal(t, fault.Bug, fault.KindOf(err))
	})

	t.Run("OfTheServer", func(t *testing.T) {
		t.Parallel()
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		err = invoke(t.Context(), conn, act)
		require.Equal(t, codes.Internal, status.Code(err))
		require.ErrorContains(t, err, strings.TrimPrefix(refusal, "INVALID: "))
	})
}
