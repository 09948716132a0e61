package engine

import (
	"fmt"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
)

// tracing returns the interceptor that makes the spans of calls, workflows and
// activities, local ones included. Only the trace travels in headers: the history keeps
// them, and a client's baggage may be anything.
func tracing() (interceptor.Interceptor, error) {
	t, err := opentelemetry.NewTracer(opentelemetry.TracerOptions{
		DisableBaggage: true, TextMapPropagator: propagation.TraceContext{},
	})
	if err != nil {
		return nil, fmt.Errorf("temporal: traces: %w", err)
	}
	return interceptor.NewTracingInterceptor(tracer{t}), nil
}

// tracer names the ids of a span in lines of the log as all other lines do.
type tracer struct{ interceptor.Tracer }

// GetLogger implements [interceptor.Tracer].
func (t tracer) GetLogger(log sdklog.Logger, of interceptor.TracerSpanRef) sdklog.Logger {
	s, ok := of.(interface{ SpanContext() trace.SpanContext })
	if !ok {
		return log
	}
	ids := s.SpanContext()
	return sdklog.With(log, "trace_id", ids.TraceID().String(), "span_id", ids.SpanID().String())
}
