package saga

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
)

// traced returns f, which shows on the span of a call whose step it is, and which attempt
// of an activity; it makes no span of its own. A call outside of a sampled trace pays one
// look at its context.
func (f bound[In, Out]) traced(v verb) bound[In, Out] {
	return func(ctx context.Context, c call[In]) (answer[Out], error) {
		if span := trace.SpanFromContext(ctx); span.IsRecording() {
			span.SetAttributes(spanAttributes(ctx, v, c.Key)...)
		}
		return f(ctx, c)
	}
}

func spanAttributes(ctx context.Context, v verb, k Key) []attribute.KeyValue {
	all := []attribute.KeyValue{
		attribute.String("amends.saga", k.Saga), attribute.String("amends.step", k.Step), attribute.String("amends.verb", string(v)),
	}
	if k.Generation > 0 {
		all = append(all, attribute.Int("amends.generation", k.Generation))
	}
	if activity.IsActivity(ctx) {
		info := activity.GetInfo(ctx)
		all = append(all, attribute.Int("amends.attempt", int(info.Attempt)), attribute.Bool("amends.local", info.IsLocalActivity))
	}
	return all
}
