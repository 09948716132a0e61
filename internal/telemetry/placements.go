package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Placements is how many placements are let in, and were refused so far.
type Placements struct {
	Limit, InFlight, Waiting int
	Backlog                  time.Duration
	Busy, Backlogged         int64
}

// Placements registers the metrics of placements, once for each Metrics. They are read
// by calling now.
func (m *Metrics) Placements(now func() Placements) error {
	if err := m.registry.Register(placements{now}); err != nil {
		return fmt.Errorf("metrics of placements: %w", err)
	}
	return nil
}

// placements collects all of them from one reading.
type placements struct{ now func() Placements }

var (
	placementLimit    = prometheus.NewDesc("amends_placements_limit", "How many placements may be in flight at present.", nil, nil)
	placementInFlight = prometheus.NewDesc("amends_placements_in_flight", "Placements that wait for the engine.", nil, nil)
	placementWaiting  = prometheus.NewDesc("amends_placements_waiting", "Placements that wait for their turn.", nil, nil)
	placementBacklog  = prometheus.NewDesc("amends_placements_backlog_seconds",
		"How long the steps of a new order would wait for workers; 0 if that is not known.", nil, nil)
	placementRefused = prometheus.NewDesc("amends_placements_refused_total",
		"Placements that were answered OVERLOADED, by cause: busy, backlog.", []string{"cause"}, nil)
)

// Describe implements [prometheus.Collector].
func (p placements) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, to) }

// Collect implements [prometheus.Collector].
func (p placements) Collect(to chan<- prometheus.Metric) {
	n := p.now()
	gauge := func(d *prometheus.Desc, v float64) { to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(placementLimit, float64(n.Limit))
	gauge(placementInFlight, float64(n.InFlight))
	gauge(placementWaiting, float64(n.Waiting))
	gauge(placementBacklog, n.Backlog.Seconds())
	to <- prometheus.MustNewConstMetric(placementRefused, prometheus.CounterValue, float64(n.Busy), "busy")
	to <- prometheus.MustNewConstMetric(placementRefused, prometheus.CounterValue, float64(n.Backlogged), "backlog")
}
