package traced

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// Publish begins a span for each message that was told within a sampled trace, below the
// span of the transaction that told it. end ends them: the bus has confirmed the first of
// the messages, and err refuses the next one. A message that is published again has
// another span with the same id of the event. A nil tracer makes none.
func Publish(ctx context.Context, by trace.Tracer, batch []event.Message) (end func(confirmed int, err error)) {
	if by == nil {
		return func(int, error) {}
	}
	spans := map[int]trace.Span{}
	for n, m := range batch {
		told := Under(ctx, m.Header["ce-traceparent"])
		if !trace.SpanContextFromContext(told).IsSampled() {
			continue
		}
		_, spans[n] = by.Start(told, "publish "+m.Header["ce-type"],
			trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
				attribute.String("messaging.operation.type", "send"), attribute.String("messaging.destination.name", m.Topic),
				attribute.String("cloudevents.event_id", m.ID), attribute.String("cloudevents.event_type", m.Header["ce-type"])))
	}
	return func(confirmed int, err error) {
		for n, span := range spans {
			if n >= confirmed {
				span.SetStatus(codes.Error, string(fault.CodeOf(err)))
			}
			span.End()
		}
	}
}
