// Package traced connects events with traces: an event carries the W3C trace context of
// the transaction that told it, see [event.Event.Trace].
package traced

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const header = "traceparent"

// Parent returns the trace context of ctx's span, empty for none.
func Parent(ctx context.Context) string {
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

// Repeated shows on the span of a projection how many of its events it had applied before.
func Repeated(ctx context.Context, events int) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.Int("amends.events.repeated", events))
	}
}
