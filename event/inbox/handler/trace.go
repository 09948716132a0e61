package handler

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/traced"
)

// start begins the span of a call. It is the root of a trace of its own with links to the
// transactions that told the events: a rebuild must not extend old traces.
func (c Caller) start(ctx context.Context, events []event.Event, attempt int64) (context.Context, trace.Span) {
	attributes := []attribute.KeyValue{
		attribute.String("messaging.operation.type", "process"), attribute.String("messaging.consumer.group.name", c.Group),
		attribute.String("cloudevents.event_type", events[0].Type), attribute.Int("messaging.batch.message_count", len(events)),
		attribute.Int64("amends.attempt", attempt),
	}
	if len(events) == 1 {
		attributes = append(attributes, attribute.String("cloudevents.event_id", events[0].ID))
	}
	return c.Tracer.Start(ctx, "listen "+c.Group, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithLinks(links(ctx, events)...), trace.WithAttributes(attributes...))
}

// links returns a link for each trace of the events.
func links(ctx context.Context, events []event.Event) (all []trace.Link) {
	seen := map[string]bool{}
	for _, e := range events {
		if seen[e.Trace] {
			continue
		}
		seen[e.Trace] = true
		if told := trace.SpanContextFromContext(traced.Under(ctx, e.Trace)); told.IsValid() {
			all = append(all, trace.Link{SpanContext: told})
		}
	}
	return all
}
