package barrier

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// show shows on the span of a call the state in which it found the record of its key. A
// do that finds one is a repeat, or comes late.
func (r *row) show(ctx context.Context) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("amends.found", string(r.State)))
	}
}
