package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Outboxes are the metrics of the events that services tell.
type Outboxes struct {
	waiting, oldest, dead *prometheus.GaugeVec
	published, failures   *prometheus.CounterVec
}

// Outboxes registers the metrics of outboxes, once for each Metrics. Only a process that
// publishes should call it.
func (m *Metrics) Outboxes() (*Outboxes, error) {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"service"})
	}
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"service"})
	}
	o := &Outboxes{
		waiting:   gauge("amends_outbox_waiting", "Events that are told and not published yet. Only the process that publishes them reports."),
		oldest:    gauge("amends_outbox_oldest_seconds", "Age of the oldest event that is not published; 0 for none."),
		dead:      gauge("amends_outbox_dead", "Events that the broker has refused for good."),
		published: counter("amends_outbox_published_total", "Events that were published."),
		failures:  counter("amends_outbox_failures_total", "Attempts to publish that failed; the events wait."),
	}
	for _, c := range []prometheus.Collector{o.waiting, o.oldest, o.dead, o.published, o.failures} {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of outboxes: %w", err)
		}
	}
	return o, nil
}

// Of returns the metrics of one service's outbox.
func (o *Outboxes) Of(service string) *Outbox { return &Outbox{o, service} }

// Outbox are the metrics of one service's outbox. It implements the observer of a relay.
type Outbox struct {
	all     *Outboxes
	service string
}

// Waiting sets how many rows are not published, the age of the oldest, and how many are
// dead.
func (o *Outbox) Waiting(rows int64, oldest time.Duration, dead int64) {
	o.all.waiting.WithLabelValues(o.service).Set(float64(rows))
	o.all.oldest.WithLabelValues(o.service).Set(oldest.Seconds())
	o.all.dead.WithLabelValues(o.service).Set(float64(dead))
}

// Published counts published rows.
func (o *Outbox) Published(n int) { o.all.published.WithLabelValues(o.service).Add(float64(n)) }

// Failed counts a round that failed.
func (o *Outbox) Failed() { o.all.failures.WithLabelValues(o.service).Inc() }
