package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// buckets are histogram bounds in seconds. A local step takes 1 ms, a provider
// 100 ms, an activity 10 s at most, the decision of an order some minutes at most.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// Metrics are the metrics of a process. They use no globals, so that several can
// exist in one test binary.
type Metrics struct {
	registry *prometheus.Registry
	provider *sdkmetric.MeterProvider
	temporal client.MetricsHandler
	requests *prometheus.HistogramVec
	traces   *sdktrace.TracerProvider // nil if none are exported
}

// NewMetrics returns metrics of the Go runtime, the process, the Temporal SDK
// (temporal_…) and requests (amends_http_request_seconds). log gets a warning for
// each value that is lost. The caller closes the metrics.
func NewMetrics(log *slog.Logger) (*Metrics, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(exporter),
		sdkmetric.WithView(sdkmetric.NewView(
			sdkmetric.Instrument{Kind: sdkmetric.InstrumentKindHistogram},
			sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: buckets}},
		)),
	)
	m := &Metrics{registry: registry, provider: provider}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "amends_http_request_seconds", Buckets: buckets,
		Help: "Time from the first byte of a request to the last of its answer.",
	}, []string{"method", "route", "code"})
	if err = errors.Join(
		registry.Register(m.requests),
		registry.Register(collectors.NewGoCollector()),
		registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	m.temporal = opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter:                provider.Meter("temporal-sdk-go"),
		UseMonotonicCounters: true,
		OnError:              func(err error) { log.Warn("a metric is lost", "error", err) }, // the default panics
	})
	return m, nil
}

// Temporal returns the handler for the metrics of a Temporal client.
func (m *Metrics) Temporal() client.MetricsHandler { return m.temporal }

// Meters returns the provider for the measurements of calls between processes.
func (m *Metrics) Meters() metric.MeterProvider { return m.provider }

// Collect adds metrics that c collects, once for each c.
func (m *Metrics) Collect(c prometheus.Collector) error {
	if err := m.registry.Register(c); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// Handler serves the metrics in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Request counts one answered request. route is the pattern, never the path, which
// would make a time series for each order.
func (m *Metrics) Request(method, route string, code int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(code)).Observe(took.Seconds())
}

// Close stops the Temporal SDK's metrics, and exports the spans that wait.
func (m *Metrics) Close(ctx context.Context) error {
	err := m.provider.Shutdown(ctx)
	if m.traces != nil {
		err = errors.Join(err, m.traces.Shutdown(ctx))
	}
	return err
}
