package rpc

import (
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc/stats"
)

// Traces go on from the caller to the server by the standard header traceparent. The
// global tracer provider records them, if a process has set one.

func serverTelemetry(to metric.MeterProvider) stats.Handler {
	return otelgrpc.NewServerHandler(telemetryOptions(to)...)
}

func clientTelemetry(to metric.MeterProvider) stats.Handler {
	return otelgrpc.NewClientHandler(telemetryOptions(to)...)
}

func telemetryOptions(to metric.MeterProvider) []otelgrpc.Option {
	if to == nil {
		to = noop.NewMeterProvider()
	}
	return []otelgrpc.Option{
		otelgrpc.WithMeterProvider(to),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
		otelgrpc.WithFilter(func(call *stats.RPCTagInfo) bool {
			return !strings.HasPrefix(call.FullMethodName, "/grpc.health.") // a watch lasts as long as its connection
		}),
	}
}
