// Package traceparent reads and writes the W3C trace context that an event carries, see
// [event.Event.Trace].
package traceparent

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const header = "traceparent"

// Of returns the trace context of ctx's span, empty for none.
func Of(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return "" // without an allocation: most processes make no spans
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[header]
}

// Under returns ctx below the span that a trace context names. For a text that names none
// it is outside of every trace.
func Under(ctx context.Context, parent string) context.Context {
	ctx = trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{header: parent})
}
