package inbox_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/proof/dbtest"
)

const (
	traceOf   = "4bf92f3577b34da6a3ce929d0e0e4736"
	parent    = "00-" + traceOf + "-00f067aa0ba902b7-01"
	unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
)

// TestSpansLinkToTheTracesOfTheirEvents: a handler runs in a trace of its own, from which
// a link leads to the transaction that told the event.
func TestSpansLinkToTheTracesOfTheirEvents(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T) (*gorm.DB, *tracetest.SpanRecorder, trace.Tracer) {
		t.Helper()
		db := dbtest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "g.db"), database.Options{})
		require.NoError(t, migrate(t.Context(), db))
		spans := tracetest.NewSpanRecorder()
		return db, spans, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	}
	traced := func(key, parent string, n int) event.Event {
		e := nth(told, key, n)
		e.Trace = parent
		return e
	}
	links := func(s sdktrace.ReadOnlySpan) (all []string) {
		require.Equal(t, "listen g", s.Name())
		require.Equal(t, trace.SpanKindConsumer, s.SpanKind())
		require.False(t, s.Parent().IsValid(), "a root")
		require.NotEqual(t, traceOf, s.SpanContext().TraceID().String())
		for _, l := range s.Links() {
			all = append(all, l.SpanContext.TraceID().String()+"-"+l.SpanContext.SpanID().String())
		}
		return all
	}

	t.Run("OfAReaction", func(t *testing.T) {
		t.Parallel()
		db, spans, tracer := setup(t)
		o := quick(db, newBus(traced("good", parent, 0), traced("bad", "", 1)))
		o.Tracer, o.Lanes = tracer, 1
		within := make(chan trace.SpanContext, 2)
		run(t, inbox.React(listener(func(ctx context.Context, e event.Event) error {
			within <- trace.SpanContextFromContext(ctx)
			if e.Key == "bad" {
				return fault.Errorf(fault.Bug, fault.Mismatch, "a bug")
			}
			return nil
		}), o))
		eventually(t, func() bool { return len(spans.Ended()) == 2 })
		good, bad := spans.Ended()[0], spans.Ended()[1]
		require.Equal(t, good.SpanContext(), <-within, "the handler is in it")
		require.Equal(t, []string{traceOf + "-00f067aa0ba902b7"}, links(good))
		require.Subset(t, good.Attributes(), []attribute.KeyValue{
			attribute.String("cloudevents.event_type", told.Type()), attribute.String("cloudevents.event_id", nth(told, "good", 0).ID),
			attribute.Int64("amends.attempt", 1),
		})
		require.Equal(t, codes.Unset, good.Status().Code)
		require.Empty(t, links(bad), "it was told outside of a trace")
		require.Equal(t, sdktrace.Status{Code: codes.Error, Description: "REQUEST_MISMATCH"}, bad.Status())
	})

	t.Run("OfEachAttempt", func(t *testing.T) {
		t.Parallel()
		db, spans, tracer := setup(t)
		o := quick(db, newBus(traced("a", parent, 0)))
		var lines bytes.Buffer
		log, err := telemetry.NewLogger(&lines, "warn", "json")
		require.NoError(t, err)
		o.Tracer, o.Logger = tracer, log
		stop := run(t, inbox.React(listener(func(context.Context, event.Event) error {
			if len(spans.Ended()) == 0 {
				return transient
			}
			return nil
		}), o))
		eventually(t, func() bool { return len(spans.Ended()) == 2 })
		stop()
		for n, s := range spans.Ended() {
			require.Equal(t, []string{traceOf + "-00f067aa0ba902b7"}, links(s))
			require.Contains(t, s.Attributes(), attribute.Int("amends.attempt", n+1))
		}
		require.Contains(t, lines.String(), `"trace_id":"`+traceOf+`","span_id":"00f067aa0ba902b7"`, "the log is found by the trace of the saga")
	})

	t.Run("OfAProjection", func(t *testing.T) {
		t.Parallel()
		db, spans, tracer := setup(t)
		o := quick(db, newBus(traced("a", parent, 0), traced("b", unsampled, 1), traced("c", parent, 2), traced("d", "of a client", 3)))
		o.Tracer = tracer
		known := traced("a", parent, 0)
		none := func(*gorm.DB, []event.Event) error { return nil }
		require.NoError(t, waiting.Once(t.Context(), db, "g", []event.Event{known}, none))
		run(t, inbox.Project(inbox.Projection{Group: "g", Facts: facts, Apply: none}, o))
		eventually(t, func() bool { return len(spans.Ended()) == 1 })
		require.Contains(t, spans.Ended()[0].Attributes(), attribute.Int("amends.events.repeated", 1))
		require.Equal(t, []string{
			traceOf + "-00f067aa0ba902b7", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
		}, links(spans.Ended()[0]), "each once")
		require.Empty(t, letters(t, db, waiting.Parked), "a trace that is none is no bug of the event")
	})
}
