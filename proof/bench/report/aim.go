package report

import "fmt"

// Aim is a limit of an order's costs, and whether they keep to it.
type Aim struct {
	What  string
	Limit string
	Is    string
	Met   bool
}

// Limits of an order's costs, as ratios to floor-n's in the same run.
const (
	maxCost        = 0.85 // of transactions and CPU
	minThroughput  = 1.0
	maxAcknowledge = 1.0 / 3 // of floor-n's time to completion
)

// Aims judges an order's costs by the floor's.
func Aims(order, naive Series) []Aim {
	aims := []Aim{
		atMost("engine transactions per order, of floor-n's", maxCost, ratioOf(order, EngineTx, naive, EngineTx)),
		atMost("CPU per order, of floor-n's", maxCost, ratioOf(order, CPU, naive, CPU)),
		atMost("p50 to the acknowledgement, of floor-n's to completion", maxAcknowledge, ratioOf(order, AckP50, naive, DecidedP50)),
	}
	throughput := ratioOf(order, OrdersPerSecond, naive, OrdersPerSecond)
	a := Aim{What: "orders/s, of floor-n's", Limit: "above 1", Is: "not measured"}
	if throughput != nil {
		a.Is, a.Met = number(*throughput), *throughput > minThroughput
	}
	return append(aims, a)
}

func atMost(what string, limit float64, is *float64) Aim {
	a := Aim{What: what, Limit: "at most " + number(limit), Is: "not measured"}
	if is != nil {
		a.Is, a.Met = number(*is), *is <= limit
	}
	return a
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
		a := Aim{What: fmt.Sprintf("%s per order, after %d orders over after %d", m, to, from), Limit: "0.90 to 1.10", Is: "not measured"}
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
