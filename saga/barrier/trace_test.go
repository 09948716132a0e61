package barrier_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

func TestASpanShowsTheRecordThatItsCallFound(t *testing.T) {
	t.Parallel()
	b := testBundle{db: dbtest.Open(t, dbtest.SQLite(t), database.Options{}), key: barrier.Key{Saga: "s1", Step: "inventory.reserve"}}
	require.NoError(t, migrate(t.Context(), b.db))
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	within := func(call func(ctx context.Context) error) ([]attribute.KeyValue, error) {
		ctx, span := tracer.Start(t.Context(), "a call")
		err := call(ctx)
		span.End()
		ended := spans.Ended()
		return ended[len(ended)-1].Attributes(), err
	}
	do := func(ctx context.Context) error {
		_, err := barrier.Do(ctx, b.db, b.call(), func(*gorm.DB) (outcome, error) { return reserved, nil })
		return err
	}
	undo := func(ctx context.Context) error {
		return barrier.Undo(ctx, b.db, b.key, func(*gorm.DB, outcome) error { return nil })
	}
	for _, c := range []struct {
		claim string
		call  func(context.Context) error
		code  fault.Code
		found string
	}{
		{"the first do", do, "", ""},
		{"its repeat", do, "", "done"},
		{"the undo", undo, "", "done"},
		{"its repeat", undo, "", "undone"},
		{"a late do", do, fault.Suspended, "undone"},
	} {
		shown, err := within(c.call)
		require.Equal(t, c.code, fault.CodeOf(err), c.claim)
		var want []attribute.KeyValue
		if c.found != "" {
			want = []attribute.KeyValue{attribute.String("amends.found", c.found)}
		}
		require.Equal(t, want, shown, c.claim)
	}
}
