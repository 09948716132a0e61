package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Clock registers the gauge of the host's clock, and returns the function that sets
// it. Only a process that measures should call it, once for each Metrics.
func (m *Metrics) Clock() (show func(ahead time.Duration), err error) {
	skew := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "amends_clock_skew_seconds",
		Help: "How far the clock of this host is ahead of the engine's; negative: behind.",
	})
	if err := m.registry.Register(skew); err != nil {
		return nil, fmt.Errorf("metrics of the clock: %w", err)
	}
	return func(ahead time.Duration) { skew.Set(ahead.Seconds()) }, nil
}
