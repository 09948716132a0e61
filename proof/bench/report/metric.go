// Package report turns measurements into a report: medians over rounds, ratios,
// aims that are met or missed, tables, and docs/benchmarks.md.
package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Metric is one measured quantity. Its value names it in a [Sample].
type Metric string

// The metrics. Costs are per order.
const (
	OrdersPerSecond Metric = "orders/s"
	AckP50          Metric = "acknowledged, p50, ms"
	AckP99          Metric = "acknowledged, p99, ms"
	DecidedP50      Metric = "decided, p50, ms"
	DecidedP99      Metric = "decided, p99, ms"
	Events          Metric = "history events"
	WorkflowTasks   Metric = "workflow tasks"
	EngineTx        Metric = "engine transactions"
	EngineStoreTx   Metric = "– of its store"
	EngineIndexTx   Metric = "– of its visibility"
	EngineWritten   Metric = "– that wrote (ids given out)"
	EngineWAL       Metric = "engine WAL, KiB"
	EngineImages    Metric = "– whole pages in it"
	ServiceTrips    Metric = "service round trips"
	ServiceTx       Metric = "service transactions"
	ServiceWAL      Metric = "service WAL, KiB"
	ServiceImages   Metric = "– whole pages in that"
	EventsTold      Metric = "events told"
	EventsDelivered Metric = "– delivered to listeners"
	CPUEngine       Metric = "CPU of the engine, ms"
	CPUEngineDB     Metric = "CPU of its PostgreSQL, ms"
	CPUServiceDB    Metric = "CPU of the services' PostgreSQL, ms"
	CPUWorkers      Metric = "CPU of the workers, ms"
	CPUFront        Metric = "CPU of the API, or the floor's client, ms"
	CPUBroker       Metric = "CPU of the broker, ms"
	CPU             Metric = "CPU, all of these, ms"
	Coordination    Metric = "– of this, CPU of telling and hearing, ms"
	Allocations     Metric = "allocations in the workers"
	Allocated       Metric = "– KiB"
)

// Metrics are all, in the order of the tables.
var Metrics = []Metric{
	OrdersPerSecond, AckP50, AckP99, DecidedP50, DecidedP99, Events, WorkflowTasks,
	EngineTx, EngineStoreTx, EngineIndexTx, EngineWritten, EngineWAL, EngineImages,
	ServiceTrips, ServiceTx, ServiceWAL, ServiceImages, EventsTold, EventsDelivered,
	CPUEngine, CPUEngineDB, CPUServiceDB, CPUWorkers, CPUFront, CPUBroker, CPU, Coordination,
	Allocations, Allocated,
}

// Sample has the values of one round, without those that could not be measured.
type Sample map[Metric]float64

// Series are the samples of one contender.
type Series []Sample

// Stat is the middle of a series, and its ends.
type Stat struct{ Median, Min, Max float64 }

// Of returns the metric's stat over the rounds that have it, false if none has.
func (s Series) Of(m Metric) (Stat, bool) {
	var values []float64
	for _, sample := range s {
		if v, ok := sample[m]; ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return Stat{}, false
	}
	slices.Sort(values)
	return Stat{Median: middle(values), Min: values[0], Max: values[len(values)-1]}, true
}

// middle returns the median of sorted values: of an even number, between the two.
func middle(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// String is the median with the ends in brackets, without them if they are equal.
func (s Stat) String() string {
	if number(s.Min) == number(s.Max) {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.Median), number(s.Min), number(s.Max))
}

// number writes three significant digits, and no fraction from 100 on.
func number(v float64) string {
	if v > -0.005 && v < 0.005 {
		v = 0 // not -0.00
	}
	switch size := math.Abs(v); {
	case size >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// Ratio returns one series' median over another's, false if there is none.
func Ratio(of, over Series, m Metric) (float64, bool) {
	a, ok := of.Of(m)
	b, also := over.Of(m)
	if !ok || !also || b.Median == 0 {
		return 0, false
	}
	return a.Median / b.Median, true
}
