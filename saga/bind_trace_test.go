package saga

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

func TestASpanShowsTheStepOfItsCall(t *testing.T) {
	t.Parallel()
	hold := Step[string, string]{Name: "test.hold", Kind: Compensatable}
	steps := NewSteps()
	Bind(steps, hold, func(_ context.Context, _ Key, in string) (string, error) { return in, nil },
		func(context.Context, Key) error { return nil })
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	within := func(call func(ctx context.Context) error) []attribute.KeyValue {
		ctx, span := tracer.Start(t.Context(), "a call")
		require.NoError(t, call(ctx))
		span.End()
		ended := spans.Ended()
		return ended[len(ended)-1].Attributes()
	}
	require.Equal(t, []attribute.KeyValue{
		attribute.String("amends.saga", "s1"), attribute.String("amends.step", "test.hold"), attribute.String("amends.verb", "do"),
	}, within(func(ctx context.Context) error {
		_, err := steps.Do(ctx, Key{Saga: "s1", Step: hold.Name}, []byte(`"the input"`))
		return err
	}), "and not its input")
	require.Equal(t, []attribute.KeyValue{
		attribute.String("amends.saga", "s1"), attribute.String("amends.step", "test.hold"), attribute.String("amends.verb", "undo"),
		attribute.Int("amends.generation", 2),
	}, within(func(ctx context.Context) error {
		return steps.Undo(ctx, Key{Saga: "s1", Step: hold.Name, Generation: 2})
	}))
}

func TestWithoutASampledTraceACallAllocatesNoMore(t *testing.T) { //nolint:paralleltest // it counts the allocations of the process
	bare := bound[None, None](func(context.Context, call[None]) (answer[None], error) { return answer[None]{}, nil })
	unsampled := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}))
	allocated := func(ctx context.Context, f bound[None, None]) float64 {
		c := call[None]{Key: Key{Saga: "s1", Step: "test.hold"}}
		return testing.AllocsPerRun(100, func() { _, _ = f(ctx, c) })
	}
	for _, ctx := range []context.Context{t.Context(), unsampled} {
		require.InDelta(t, allocated(ctx, bare), allocated(ctx, bare.traced(doing)), 0)
	}
	_, span := sdktrace.NewTracerProvider().Tracer("").Start(t.Context(), "a call")
	defer span.End()
	require.Positive(t, allocated(trace.ContextWithSpan(t.Context(), span), bare.traced(doing)), "it counts")
}
