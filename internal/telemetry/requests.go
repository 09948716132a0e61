package telemetry

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests counts the requests of the API by operation.
type Requests struct {
	registry   *prometheus.Registry
	answered   *prometheus.CounterVec
	limited    *prometheus.CounterVec
	deprecated *prometheus.CounterVec
	placed     *prometheus.CounterVec
	took       *prometheus.HistogramVec
}

// Requests registers the counters, once for each Metrics.
func (m *Metrics) Requests() (*Requests, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	r := &Requests{
		registry: m.registry,
		answered: counter("amends_api_requests_total", "Requests by operation of the contract, and status; no operation: the path has none.", "operation", "code"),
		limited: counter("amends_api_limited_total",
			"Requests without room in a quota, by class and quota; mode shadow: they passed.", "class", "quota", "mode"),
		deprecated: counter("amends_api_deprecated_calls", "Calls of operations that will go away, by operation and consumer.", "operation", "consumer"),
		placed:     counter("amends_orders_placed_total", "Orders that this process has placed, by style; a repeat places none.", "style"),
	}
	r.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "amends_orders_acknowledged_seconds", Buckets: buckets,
		Help: "Time from a placement to the order's record, by style; a repeat counts as none.",
	}, []string{"style"})
	if err := errors.Join(m.registry.Register(r.placed), m.registry.Register(r.took), m.registry.Register(r.answered), m.registry.Register(r.limited), m.registry.Register(r.deprecated)); err != nil {
		return nil, fmt.Errorf("metrics of requests: %w", err)
	}
	return r, nil
}

// Answered counts a request.
func (r *Requests) Answered(operation string, code int) {
	r.answered.WithLabelValues(operation, strconv.Itoa(code)).Inc()
}

// Limited counts a request without room in a quota.
func (r *Requests) Limited(class, quota string, shadow bool) {
	mode := "enforce"
	if shadow {
		mode = "shadow"
	}
	r.limited.WithLabelValues(class, quota, mode).Inc()
}

// Deprecated counts a call of a deprecated operation.
func (r *Requests) Deprecated(operation, consumer string) {
	r.deprecated.WithLabelValues(operation, consumer).Inc()
}

// Placed counts an order of a style, whose record took some time.
func (r *Requests) Placed(style string, took time.Duration) {
	r.placed.WithLabelValues(style).Inc()
	r.took.WithLabelValues(style).Observe(took.Seconds())
}

// Browsing registers the number of questions that gave way to orders, which refused returns.
func (r *Requests) Browsing(refused func() int64) error {
	err := r.registry.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "amends_browsing_refused_total",
		Help: "Questions that were answered REDUCED_CAPACITY, because services are slow or placements wait.",
	}, func() float64 { return float64(refused()) }))
	if err != nil {
		return fmt.Errorf("metrics of browsing: %w", err)
	}
	return nil
}
