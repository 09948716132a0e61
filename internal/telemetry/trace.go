package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
)

// Wanted reports whether the environment asks for traces: by one of the standard
// variables OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT and
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, unless OTEL_SDK_DISABLED is true. environ is a
// list of NAME=value, as [os.Environ] returns it.
func Wanted(environ []string) bool {
	set := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		set[name] = value
	}
	if strings.EqualFold(set["OTEL_SDK_DISABLED"], "true") || set["OTEL_TRACES_EXPORTER"] == "none" {
		return false
	}
	return set["OTEL_TRACES_EXPORTER"]+set["OTEL_EXPORTER_OTLP_ENDPOINT"]+set["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != ""
}

// Trace makes the process export traces as environ asks for (see [Wanted]): it sets
// OpenTelemetry's global tracer, and the global propagator to W3C Trace Context. If
// traces are not wanted, spans cost nothing and go nowhere. Close sends the spans that
// wait. log gets a warning for each batch that is lost.
//
// Spans hold ids, routes, codes and statements without their values; no personal data.
func (m *Metrics) Trace(ctx context.Context, environ []string, log *slog.Logger) error {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if !Wanted(environ) {
		return nil
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	// A name in OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES replaces this one.
	of, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(semconv.ServiceName("amends")), resource.WithFromEnv())
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	m.traces = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(of))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not exported", "error", err) }))
	otel.SetTracerProvider(m.traces)
	return nil
}

// Traced reports whether the process exports traces; a nil m exports none.
func (m *Metrics) Traced() bool { return m != nil && m.traces != nil }

// Tracer returns the tracer of the process, nil if it exports no traces. A nil m exports
// none.
func (m *Metrics) Tracer() trace.Tracer {
	if !m.Traced() {
		return nil
	}
	return m.traces.Tracer("github.com/amends/amends")
}
