// Package traced shows on the span of a call what the barrier did for it.
package traced

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/saga/ledger"
)

// Found shows the state in which a call found the record of its key. A do that finds one
// is a repeat, or comes late.
func Found(ctx context.Context, s ledger.State) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("amends.found", string(s)))
	}
}
