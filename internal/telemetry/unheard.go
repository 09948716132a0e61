package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Unheard registers the gauge of listeners that have stopped, and returns the function that
// sets it. Only a process that measures should call it, once for each Metrics. Several
// processes measure the same, so aggregate by maximum.
func (m *Metrics) Unheard() (show func(group string, age time.Duration), err error) {
	age := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "amends_events_unheard_seconds",
		Help: "Age of the oldest event that a group, other than the read model's, has not taken from the broker; 0 for none.",
	}, []string{"group"})
	if err := m.registry.Register(age); err != nil {
		return nil, fmt.Errorf("metrics of listeners: %w", err)
	}
	return func(group string, d time.Duration) { age.WithLabelValues(group).Set(d.Seconds()) }, nil
}
