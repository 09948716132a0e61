package engine

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
)

func TestLinesOfAWorkflowHaveTheNamesOfAllOthers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := sdklog.NewStructuredLogger(slog.New(slog.NewJSONHandler(&out, nil)))
	inner, err := opentelemetry.NewTracer(opentelemetry.TracerOptions{Tracer: sdktrace.NewTracerProvider().Tracer("")})
	require.NoError(t, err)
	span, err := inner.StartSpan(&interceptor.TracerStartSpanOptions{Operation: "RunActivity", Name: "a step"})
	require.NoError(t, err)
	tracer{inner}.GetLogger(log, span).Info("inside")
	require.Regexp(t, `"trace_id":"[0-9a-f]{32}","span_id":"[0-9a-f]{16}"`, out.String())
	out.Reset()
	tracer{inner}.GetLogger(log, nil).Info("outside")
	require.NotContains(t, out.String(), "trace_id")
}
