package telemetry

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/amends/amends/internal/recent"
)

// Orders are the gauges of orders that make no progress. Every worker of the order
// service exports the same facts: aggregate by maximum, not by sum.
type Orders struct {
	attention   prometheus.Gauge
	stuck       *prometheus.GaugeVec
	stuckSince  prometheus.Gauge
	stuckNew    prometheus.Gauge
	arrived     *prometheus.GaugeVec
	unpolled    *prometheus.GaugeVec
	unexamined  prometheus.Gauge
	measured    prometheus.Gauge
	unmeasured  prometheus.Counter
	measurement prometheus.Gauge
}

// Orders registers the gauges, once for each Metrics. Only a process that measures
// should call it: a zero that was never measured looks like health.
func (m *Metrics) Orders() (*Orders, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	o := &Orders{
		attention: gauge("amends_orders_needing_attention", "Flagged orders, which need an operator."),
		stuck: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "amends_orders_stuck", Help: "Undecided orders that make no progress, by cause.",
		}, []string{"cause"}),
		stuckSince: gauge("amends_orders_stuck_since_timestamp_seconds", "When the one that is stuck longest stopped, as Unix time; 0: none is stuck."),
		stuckNew:   gauge("amends_orders_stuck_last_hour", "Stuck orders that stopped within the last hour."),
		arrived: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "amends_orders_stuck_arrived", Help: "Stuck orders that stopped within the last hour, by five minutes: 0 is the last five.",
		}, []string{"minutes_ago"}),
		unpolled: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "amends_queue_without_worker", Help: "1 if no worker polls the task queue, else 0.",
		}, []string{"queue"}),
		unexamined: gauge("amends_orders_unexamined", "Undecided orders younger than those that the last measurement examined."),
		measured:   gauge("amends_orders_measured_timestamp_seconds", "When all of this was last measured, as Unix time."),
		unmeasured: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amends_orders_measure_failures_total", Help: "Measurements that failed, wholly or in part: the gauges are older than they look.",
		}),
		measurement: gauge("amends_orders_measure_seconds", "How long the last measurement took."),
	}
	for _, c := range []prometheus.Collector{o.attention, o.stuck, o.stuckSince, o.stuckNew, o.arrived, o.unpolled, o.unexamined, o.measured, o.unmeasured, o.measurement} {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of orders: %w", err)
		}
	}
	return o, nil
}

// Attention sets the number of flagged orders.
func (o *Orders) Attention(n int) { o.attention.Set(float64(n)) }

// Stuck sets the number of stuck orders by cause, and the number of orders that were
// not examined.
func (o *Orders) Stuck(byCause map[string]int, unexamined int) {
	for cause, n := range byCause {
		o.stuck.WithLabelValues(cause).Set(float64(n))
	}
	o.unexamined.Set(float64(unexamined))
}

// StuckSince sets when the order that is stuck longest stopped, the zero time if none is stuck,
// and how many stopped in each part of the last hour, see [recent.Add].
func (o *Orders) StuckSince(oldest time.Time, trend []int64) {
	o.stuckSince.Set(unixOf(oldest))
	all := 0.0
	for i := range recent.Parts {
		n := 0.0
		if i < len(trend) {
			n = float64(trend[len(trend)-1-i])
		}
		all += n
		o.arrived.WithLabelValues(strconv.Itoa(i * int(recent.Part.Minutes()))).Set(n)
	}
	o.stuckNew.Set(all)
}

// unixOf returns a time as Unix time in seconds, 0 for the zero time.
func unixOf(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// Queue sets whether a task queue is without a worker.
func (o *Orders) Queue(name string, without bool) {
	n := 0.0
	if without {
		n = 1
	}
	o.unpolled.WithLabelValues(name).Set(n)
}

// Measured records when a complete measurement ended, and its duration.
func (o *Orders) Measured(at time.Time, took time.Duration) {
	o.measured.Set(unixOf(at))
	o.measurement.Set(took.Seconds())
}

// Failed counts a measurement that failed, wholly or in part.
func (o *Orders) Failed() { o.unmeasured.Inc() }
