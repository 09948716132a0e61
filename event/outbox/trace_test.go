package outbox_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/eventtest/faults"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// TestAPublicationIsASpanOfTheTraceThatToldTheEvent: every attempt is one.
func TestAPublicationIsASpanOfTheTraceThatToldTheEvent(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, schema.Migrate(t.Context(), db))
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	told, span := tracer.Start(t.Context(), "a step")
	unsampled := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}))
	for i, ctx := range []context.Context{told, unsampled, t.Context()} {
		require.NoError(t, tell(ctx, db, some(i, 1, 3)...))
	}

	broker := eventtest.NewMemory()
	bus := faults.New(broker)
	bus.FailAt(0)
	o := options()
	o.Tracer = tracer
	start(t, outbox.NewRelay(db, bus, o))
	eventually(t, func() bool { return len(spans.Ended()) == 2 && len(broker.Stored()) == 3 })
	failed, stored := spans.Ended()[0], spans.Ended()[1]
	require.Equal(t, sdktrace.Status{Code: codes.Error, Description: "UNAVAILABLE"}, failed.Status())
	require.Equal(t, codes.Unset, stored.Status().Code)
	for _, s := range []sdktrace.ReadOnlySpan{failed, stored} {
		require.Equal(t, "publish amends.inventory.stock_changed.v1", s.Name())
		require.Equal(t, trace.SpanKindProducer, s.SpanKind())
		require.Equal(t, span.SpanContext().TraceID(), s.SpanContext().TraceID())
		require.Equal(t, span.SpanContext().SpanID(), s.Parent().SpanID(), "below the span of the transaction")
		require.Contains(t, s.Attributes(), attribute.String("cloudevents.event_id", broker.Stored()[0].ID))
	}
}
