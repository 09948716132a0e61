package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Listeners are the metrics of groups of listeners. Only the process that handles a group
// sets its gauges; after a change of the process both have some, so aggregate by maximum.
type Listeners struct {
	handled *prometheus.CounterVec
	failed  *prometheus.CounterVec
	waiting *prometheus.GaugeVec
	dead    *prometheus.GaugeVec
	oldest  *prometheus.GaugeVec
	behind  *prometheus.GaugeVec
	lag     *prometheus.GaugeVec
}

// Listeners registers the metrics, once for each Metrics.
func (m *Metrics) Listeners() (*Listeners, error) {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"group"})
	}
	l := &Listeners{
		handled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amends_events_handled_total", Help: "Events that a group has handled, refusals included.",
		}, []string{"group"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amends_events_failed_total", Help: "Attempts of events that failed, by the kind of the fault.",
		}, []string{"group", "kind"}),
		waiting: gauge("amends_events_waiting", "Events of a group that are tried again, or wait behind others of their key."),
		dead:    gauge("amends_events_dead", "Dead letters of a group: events that failed by a bug and need an operator."),
		oldest:  gauge("amends_events_oldest_timestamp_seconds", "When the oldest event came that waits or is dead, as Unix time; 0 for none."),
		behind:  gauge("amends_events_behind", "Events for a group that are not handled; -1 if the broker does not tell."),
		lag:     gauge("amends_events_lag_seconds", "Age of the oldest event for a group that is not handled; 0 for none."),
	}
	for _, c := range []prometheus.Collector{l.handled, l.failed, l.waiting, l.dead, l.oldest, l.behind, l.lag} {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of listeners: %w", err)
		}
	}
	return l, nil
}

// Handled counts events that a group has handled.
func (l *Listeners) Handled(group string, n int) { l.handled.WithLabelValues(group).Add(float64(n)) }

// Failed counts an attempt that failed.
func (l *Listeners) Failed(group, kind string) { l.failed.WithLabelValues(group, kind).Inc() }

// Stand sets how many events of a group wait and are dead, and when the oldest one came,
// the zero time for none.
func (l *Listeners) Stand(group string, waiting, dead int64, oldest time.Time) {
	l.waiting.WithLabelValues(group).Set(float64(waiting))
	l.dead.WithLabelValues(group).Set(float64(dead))
	at := 0.0
	if !oldest.IsZero() {
		at = float64(oldest.UnixMilli()) / 1000
	}
	l.oldest.WithLabelValues(group).Set(at)
}

// Behind sets how many events for a group are not handled, -1 if that is not known, and
// the age of the oldest.
func (l *Listeners) Behind(group string, events int64, lag time.Duration) {
	l.behind.WithLabelValues(group).Set(float64(events))
	l.lag.WithLabelValues(group).Set(lag.Seconds())
}
