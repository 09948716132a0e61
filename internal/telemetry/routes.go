package telemetry

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Routes counts the requests of routes that lead to a program behind the API.
type Routes struct {
	answered *prometheus.CounterVec
	took     *prometheus.HistogramVec
	compared *prometheus.CounterVec
	cutBack  *prometheus.CounterVec
}

// Routes registers the counters, once for each Metrics.
func (m *Metrics) Routes() (*Routes, error) {
	r := &Routes{
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amends_route_requests_total", Help: "Requests of a route, by the side that answered, legacy or service, and status.",
		}, []string{"route", "side", "code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "amends_route_duration_seconds", Help: "Time of the answers of a route, by the side that answered.", Buckets: prometheus.DefBuckets,
		}, []string{"route", "side"}),
		compared: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amends_route_compared_total", Help: "Copies of requests of a route: match, differ, error, dropped or skipped.",
		}, []string{"route", "result"}),
		cutBack: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amends_route_cut_back_total", Help: "Times that a route was cut back to legacy by itself.",
		}, []string{"route"}),
	}
	if err := errors.Join(m.registry.Register(r.answered), m.registry.Register(r.took), m.registry.Register(r.compared), m.registry.Register(r.cutBack)); err != nil {
		return nil, fmt.Errorf("metrics of routes: %w", err)
	}
	return r, nil
}

// Answered counts a live request.
func (r *Routes) Answered(route, side string, status int, took time.Duration) {
	r.answered.WithLabelValues(route, side, strconv.Itoa(status)).Inc()
	r.took.WithLabelValues(route, side).Observe(took.Seconds())
}

// Compared counts a copy.
func (r *Routes) Compared(route, result string) { r.compared.WithLabelValues(route, result).Inc() }

// CutBack counts a route that was cut back.
func (r *Routes) CutBack(route string) { r.cutBack.WithLabelValues(route).Inc() }
