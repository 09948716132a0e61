package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc"
)

func invoke(ctx context.Context, conn grpc.ClientConnInterface, method string) error {
	return conn.Invoke(ctx, method, wrapperspb.String(""), &wrapperspb.StringValue{})
}

// late is how long after its deadline a slow call may be given up.
const late = 50 * time.Millisecond

// TestDeadlinesTravel: a slow service is given up at the caller's deadline, by the caller
// and by the services that it calls, so that no work goes on without a reader. A busy
// machine may wake each of them later, so one of many calls must be in time.
func TestDeadlinesTravel(t *testing.T) {
	t.Parallel()
	var ended atomic.Pointer[chan time.Time] // of the present call
	end := func(ends chan time.Time) { ends <- time.Now() }
	back := connect(t, func(ctx context.Context, _ string) (string, error) {
		defer end(*ended.Load())
		<-ctx.Done()
		return "", ctx.Err()
	})
	front := connect(t, func(ctx context.Context, _ string) (string, error) {
		defer end(*ended.Load())
		return "", invoke(ctx, back, act)
	})
	var err error
	require.Eventually(t, func() bool {
		ends := make(chan time.Time, 9)
		ended.Store(&ends)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		deadline, _ := ctx.Deadline()
		err = invoke(ctx, front, act)
		worst := time.Since(deadline)
		for range 2 {
			select {
			case at := <-ends:
				worst = max(worst, at.Sub(deadline))
			case <-time.After(time.Second):
				return false // it has not come to both services in its time
			}
		}
		return worst < late
	}, patience, time.Millisecond)
	require.Equal(t, fault.Unknown, fault.KindOf(err))
}

func TestDrain(t *testing.T) {
	t.Parallel()

	// setup has one call under way, which answers on release.
	setup := func(t *testing.T, drain time.Duration) (conn *grpc.ClientConn, stop func() error, release chan struct{}, answer chan error) {
		t.Helper()
		arrived, release, answer := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		addr, stop := serve(t, func(ctx context.Context, _ string) (string, error) {
			close(arrived)
			select {
			case <-release:
			case <-ctx.Done():
			}
			return "", ctx.Err()
		}, rpc.ServerOptions{}, drain)
		conn = dial(t, rpc.DialOptions{Target: addr, Service: "test"})
		go func() {
			_, err := call(t, conn, act, "", patience)
			answer <- err
		}()
		<-arrived
		return conn, stop, release, answer
	}

	t.Run("AnswersTheCallsThatRun", func(t *testing.T) {
		t.Parallel()
		conn, stop, release, answer := setup(t, patience)
		stopped := make(chan error, 1)
		go func() { stopped <- stop() }()
		require.Eventually(t, func() bool {
			_, err := call(t, conn, act, "", time.Second)
			return fault.KindOf(err) == fault.Transient
		}, patience, time.Millisecond, "new calls are refused without effect")
		close(release)
		require.NoError(t, <-answer)
		require.NoError(t, <-stopped, "although a client watches the health")
	})

	t.Run("CutsOffThoseThatTakeLonger", func(t *testing.T) {
		t.Parallel()
		_, stop, _, answer := setup(t, time.Millisecond)
		require.NoError(t, stop())
		require.Equal(t, fault.Unknown, fault.KindOf(<-answer))
	})

	t.Run("EndsAStreamThatHasNoEnd", func(t *testing.T) {
		t.Parallel()
		arrived := make(chan struct{})
		addr, stop := serve(t, func(ctx context.Context, _ string) (string, error) {
			ctx, cancel := rpc.UntilStop(ctx)
			defer cancel()
			close(arrived)
			<-ctx.Done()
			return "", context.Cause(ctx)
		}, rpc.ServerOptions{}, patience)
		conn, answer := dial(t, rpc.DialOptions{Target: addr, Service: "test"}), make(chan error, 1)
		go func() {
			_, err := call(t, conn, read, "", patience)
			answer <- err
		}()
		<-arrived
		began := time.Now()
		require.NoError(t, stop())
		require.Less(t, time.Since(began), patience/2, "it is not waited for")
		err := <-answer
		require.Equal(t, fault.Transient, fault.KindOf(err), "the caller may go on elsewhere")
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	})

	t.Run("FailsWithItsListener", func(t *testing.T) {
		t.Parallel()
		l := listen(t)
		require.NoError(t, l.Close())
		err := rpc.NewServer(rpc.ServerOptions{}).Serve(t.Context(), l, patience)
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorContains(t, err, "serve "+l.Addr().String())
	})
}

func TestAnUnhealthyServiceGetsNoCalls(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(_ context.Context, in string) (string, error) { return in, nil }, rpc.ServerOptions{}, patience)
	_, err := call(t, dial(t, rpc.DialOptions{Target: addr, Service: "other"}), act, "", patience)
	require.Equal(t, fault.Transient, fault.KindOf(err))
	_, err = call(t, dial(t, rpc.DialOptions{Target: addr, Service: "test"}), act, "", patience)
	require.NoError(t, err)
}

func TestReflectionIsForDevelopment(t *testing.T) {
	t.Parallel()
	for on, want := range map[bool]codes.Code{true: codes.OK, false: codes.Unimplemented} {
		addr, _ := serve(t, nil, rpc.ServerOptions{Reflection: on}, patience)
		stream, err := reflectionpb.NewServerReflectionClient(dial(t, rpc.DialOptions{Target: addr})).ServerReflectionInfo(t.Context())
		require.NoError(t, err)
		err = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
		if !errors.Is(err, io.EOF) { // it is refused already, and Recv knows why
			require.NoError(t, err)
		}
		_, err = stream.Recv()
		require.Equal(t, want, status.Code(err))
	}
}

// TestPluginsAreTranslated: the check of callers refuses with a fault, as a service does.
func TestPluginsAreTranslated(t *testing.T) {
	t.Parallel()
	refuse := func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
		return nil, fault.Errorf(fault.Bug, "DENIED", "rule 7")
	}
	addr, _ := serve(t, nil, rpc.ServerOptions{Plugins: []grpc.ServerOption{grpc.ChainUnaryInterceptor(refuse)}}, patience)
	_, err := call(t, dial(t, rpc.DialOptions{Target: addr}), act, "", patience)
	require.EqualError(t, err, "DENIED: rule 7")
}

func TestCallsAreMeasuredByMethod(t *testing.T) {
	t.Parallel()
	server, client := sdkmetric.NewManualReader(), sdkmetric.NewManualReader()
	addr, stop := serve(t, func(context.Context, string) (string, error) {
		return "", fault.Errorf(fault.Business, fault.Conflict, "no")
	}, rpc.ServerOptions{Metrics: sdkmetric.NewMeterProvider(sdkmetric.WithReader(server))}, patience)
	conn := dial(t, rpc.DialOptions{Target: addr, Metrics: sdkmetric.NewMeterProvider(sdkmetric.WithReader(client))})
	_, err := call(t, conn, act, "", patience)
	require.Error(t, err)
	require.NoError(t, stop())
	for name, reader := range map[string]sdkmetric.Reader{"rpc.server.call.duration": server, "rpc.client.call.duration": client} {
		var all metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &all))
		require.Len(t, all.ScopeMetrics, 1)
		require.Len(t, all.ScopeMetrics[0].Metrics, 1)
		require.Equal(t, name, all.ScopeMetrics[0].Metrics[0].Name)
		values, ok := all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64])
		require.True(t, ok)
		require.Len(t, values.DataPoints, 1)
		require.Equal(t, uint64(1), values.DataPoints[0].Count)
		for key, want := range map[attribute.Key]string{"rpc.method": testService + "/Act", "rpc.response.status_code": "FAILED_PRECONDITION"} {
			got, _ := values.DataPoints[0].Attributes.Value(key)
			require.Equal(t, want, got.AsString(), key)
		}
	}
}

func TestTracesGoOnAtTheServer(t *testing.T) {
	t.Parallel()
	seen := make(chan trace.TraceID, 1)
	conn := connect(t, func(ctx context.Context, _ string) (string, error) {
		seen <- trace.SpanContextFromContext(ctx).TraceID()
		return "", nil
	})
	of := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4}, TraceFlags: trace.FlagsSampled})
	ctx, cancel := context.WithTimeout(trace.ContextWithSpanContext(t.Context(), of), patience)
	defer cancel()
	require.NoError(t, invoke(ctx, conn, act))
	require.Equal(t, of.TraceID(), <-seen)
}

// BenchmarkCall is one call over a real connection of this machine, with everything that
// a call of the product has.
func BenchmarkCall(b *testing.B) {
	addr, _ := serve(b, func(_ context.Context, in string) (string, error) { return in, nil },
		rpc.ServerOptions{Metrics: sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))}, patience)
	conn := dial(b, rpc.DialOptions{
		Target: addr, Service: "test", Metrics: sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader())),
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := call(b, conn, ask, "hello", patience); err != nil {
			b.Fatal(err)
		}
	}
}
