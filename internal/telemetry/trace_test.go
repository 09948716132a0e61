package telemetry_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/telemetry"
)

func TestWantedFollowsTheStandardVariables(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]bool{
		"HOME=/root":                    false,
		"OTEL_SERVICE_NAME=shop":        false,
		"OTEL_TRACES_EXPORTER=none":     false,
		"OTEL_TRACES_EXPORTER=console":  true,
		"OTEL_EXPORTER_OTLP_ENDPOINT=x": true,
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:4318/v1/traces": true,
	} {
		require.Equal(t, want, telemetry.Wanted([]string{variable}), variable)
		require.False(t, telemetry.Wanted([]string{variable, "OTEL_SDK_DISABLED=true"}), variable)
	}
}

func TestARecordWithinASpanHasItsTrace(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := telemetry.NewLogger(&out, "info", "json")
	require.NoError(t, err)
	ctx, span := sdktrace.NewTracerProvider().Tracer("").Start(t.Context(), "a request")
	log.With("order", "1").InfoContext(ctx, "inside")
	require.Contains(t, out.String(), `"trace_id":"`+span.SpanContext().TraceID().String()+`"`)
	require.Contains(t, out.String(), `"order":"1"`)
	out.Reset()
	log.Info("outside")
	require.NotContains(t, out.String(), "trace_id")
}

func TestARecordWithinACallHasItsCaller(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := telemetry.NewLogger(&out, "info", "json")
	require.NoError(t, err)
	log.InfoContext(identity.WithCaller(t.Context(), "shipping"), "inside")
	require.Contains(t, out.String(), `"caller":"shipping"`)
	out.Reset()
	log.Info("outside")
	require.NotContains(t, out.String(), "caller")
}
