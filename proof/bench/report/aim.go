package report

import "fmt"

// Aim is a limit of an order's costs, and whether they keep to it.
type Aim struct {
	What  string
	Limit string
	Is    string
	Met   bool
}

// Limits of an order's costs: numbers, and ratios to floor-n's in the same run.
const (
	maxTransactions = 25.0
	maxEvents       = 20.0
	maxTasks        = 2.0
	maxCPU          = 0.35
	minThroughput   = 3.0
	maxAcknowledge  = 0.2 // of floor-n's time to completion
	maxAlone        = 0.45
	maxTelling      = 1.08 // of an order that tells no facts
)

// Aims judges the costs of an order when many are placed at a time, by themselves and
// by floor-n's.
func Aims(order, naive Series) []Aim {
	aims := []Aim{
		atMost("engine transactions per order", maxTransactions, medianOf(order, EngineTx)),
		atMost("history events per order", maxEvents, medianOf(order, Events)),
		atMost("workflow tasks per order", maxTasks, medianOf(order, WorkflowTasks)),
		atMost("CPU per order, of floor-n's", maxCPU, ratioOf(order, CPU, naive, CPU)),
		atMost("p50 to the acknowledgement, of floor-n's to completion", maxAcknowledge, ratioOf(order, AckP50, naive, DecidedP50)),
	}
	throughput := ratioOf(order, OrdersPerSecond, naive, OrdersPerSecond)
	a := Aim{What: "orders/s, of floor-n's", Limit: "at least " + number(minThroughput), Is: unknown}
	if throughput != nil {
		a.Is, a.Met = number(*throughput), *throughput >= minThroughput
	}
	return append(aims, a)
}

// Alone judges the time of an order when none other is under way.
func Alone(order, naive Series) Aim {
	return atMost("p50 to the decision, 1 at a time, of floor-n's to completion", maxAlone, ratioOf(order, DecidedP50, naive, DecidedP50))
}

// Telling judges the CPU time of an order by that of one that tells no facts.
func Telling(order, untold Series) Aim {
	return atMost("CPU per order, of one that tells no facts", maxTelling, ratioOf(order, CPU, untold, CPU))
}

// unknown stands for a figure that was not measured.
const unknown = "not measured"

func atMost(what string, limit float64, is *float64) Aim {
	a := Aim{What: what, Limit: "at most " + number(limit), Is: unknown}
	if is != nil {
		a.Is, a.Met = number(*is), *is <= limit
	}
	return a
}

// medianOf returns a median, nil if there is none.
func medianOf(s Series, m Metric) *float64 {
	stat, ok := s.Of(m)
	if !ok {
		return nil
	}
	return &stat.Median
}

// ratioOf returns one median over another, nil if there is none.
func ratioOf(of Series, m Metric, over Series, n Metric) *float64 {
	a, ok := of.Of(m)
	b, also := over.Of(n)
	if !ok || !also || b.Median == 0 {
		return nil
	}
	r := a.Median / b.Median
	return &r
}

// Flat judges the costs of a platform after many orders by those after few.
func Flat(early, late Series, from, to int) []Aim {
	var aims []Aim
	for _, m := range []Metric{EngineTx, EngineWAL, ServiceTx, ServiceWAL, CPU} {
		const within = 0.10
		a := Aim{What: fmt.Sprintf("%s per order, after %d orders over after %d", m, to, from), Limit: "0.90 to 1.10", Is: unknown}
		if r := ratioOf(late, m, early, m); r != nil {
			a.Is, a.Met = number(*r), *r <= 1+within && *r >= 1-within
		}
		aims = append(aims, a)
	}
	return aims
}

// Verdict is "met" or "missed".
func (a Aim) Verdict() string {
	if a.Met {
		return "met"
	}
	return "missed"
}

// Limits of a choreographed order.
const (
	maxDecidedAlone = 80.0 // milliseconds
	maxCoordination = 15.0 // milliseconds of CPU time
	maxUnnoticed    = 90.0 // seconds
)

// Noticed judges the seconds until a service that has stopped listening is named.
func Noticed(seconds float64) Aim {
	return atMost("s until a listener that has stopped is named", maxUnnoticed, &seconds)
}

// Choreographed judges a choreographed order beside an orchestrated one, many at a time,
// and its time to the decision when none other is under way.
func Choreographed(orchestrated, choreographed, alone Series) []Aim {
	faster := Aim{What: "orders/s, of orchestrated ones", Limit: "at least 1.00", Is: unknown}
	if r := ratioOf(choreographed, OrdersPerSecond, orchestrated, OrdersPerSecond); r != nil {
		faster.Is, faster.Met = number(*r), *r >= 1
	}
	return []Aim{
		faster,
		atMost("p50 to the decision, 1 at a time, ms", maxDecidedAlone, medianOf(alone, DecidedP50)),
		atMost("CPU of telling and hearing per order, ms", maxCoordination, medianOf(choreographed, Coordination)),
	}
}
