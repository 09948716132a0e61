package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/amends/amends/proof/bench/floor"
	"github.com/amends/amends/proof/bench/rig"
	"github.com/amends/amends/proof/load"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Names of the contenders.
const (
	bareName  = "floor-0"
	naiveName = "floor-n"
	orderName = "order"
)

// acknowledged is the share of orders whose acknowledgement is measured. Each
// costs one more request, which the platform has to serve.
const acknowledged = 0.1

// work is the work of a contender: a concurrency, and a duration or a number of
// orders.
type work struct {
	concurrency int
	duration    time.Duration
	orders      int     // instead of a duration; orders only
	rate        float64 // instead of a concurrency; orders only
	seed        uint64
}

// outcome is the result of work. Times are in milliseconds.
type outcome struct {
	orders                 int
	took                   time.Duration
	ackP50, ackP99         float64
	decidedP50, decidedP99 float64
}

// contender is a measured system.
type contender struct {
	name     string
	workflow string     // the type's name; "" without
	layout   rig.Layout // of the platform meanwhile
	front    string     // the part that is only the client of the engine; "" without
	workers  []string   // the parts that work
	tells    bool       // it uses the broker
	// run does the work, and calls measured when all of its orders are decided.
	run func(ctx context.Context, w work, measured func()) (outcome, error)
}

// contenders returns the participants, in the order of a round: the floor, and an order
// in each layout. The platform idles in the first one while the floor is measured.
func contenders(r *rig.Rig, layouts []rig.Layout) []contender {
	ofFloor := func(name, workflow string) contender {
		return contender{
			name: name, workflow: workflow, layout: layouts[0], front: rig.FloorClient, workers: []string{rig.FloorWorker},
			run: func(ctx context.Context, w work, measured func()) (outcome, error) {
				result, err := r.Floor(ctx, floor.Round{Workflow: workflow, Concurrency: w.concurrency, Duration: w.duration})
				measured()
				return floored(result), err
			},
		}
	}
	all := []contender{ofFloor(bareName, floor.BareWorkflow), ofFloor(naiveName, floor.NaiveWorkflow)}
	for _, l := range layouts {
		all = append(all, ordering(r, l))
	}
	return all
}

// nameIn returns the name of an order in a layout.
func nameIn(l rig.Layout) string {
	if l == rig.Joined {
		return orderName
	}
	return orderName + ", " + string(l)
}

// ordering is the whole order, in the style of the platform.
func ordering(r *rig.Rig, l rig.Layout) contender { return mixed(r, l, nil) }

// styled is the whole order in one style.
func styled(r *rig.Rig, l rig.Layout, s order.Style) contender {
	var all load.Mix
	if s == order.Choreographed {
		all = load.Mix{load.Choreographed: 100}
	}
	c := mixed(r, l, all)
	if c.name = string(s); all != nil {
		c.workflow = ""
	}
	return c
}

// mixed is the whole order, of those that the mix says.
func mixed(r *rig.Rig, l rig.Layout, mix load.Mix) contender {
	return contender{
		name: nameIn(l), workflow: workflows.PlaceOrder, layout: l, front: l.Front(), workers: l.Workers(), tells: true,
		run: func(ctx context.Context, w work, measured func()) (outcome, error) {
			report, err := load.Run(ctx, load.Options{
				BaseURL: r.API, Orders: w.orders, Duration: w.duration, Concurrency: w.concurrency, Rate: w.rate,
				Mix: mix, Sample: acknowledged, Seed: w.seed, Shop: load.Shop{SKUs: rig.SKUs()}, Placed: measured,
			})
			if err == nil {
				err = report.Err()
			}
			if err != nil {
				return outcome{}, fmt.Errorf("orders: %w", err)
			}
			return outcome{
				orders: report.Decided, took: time.Duration(report.PlacingSeconds * float64(time.Second)),
				ackP50: report.Acknowledgement.P50, ackP99: report.Acknowledgement.P99,
				decidedP50: report.Decision.P50, decidedP99: report.Decision.P99,
			}, nil
		},
	}
}

// floored is the outcome of a round of the floor.
func floored(r floor.Result) outcome {
	return outcome{
		orders: len(r.Ended), took: r.Took,
		ackP50: quantile(r.Started, 0.50), ackP99: quantile(r.Started, 0.99),
		decidedP50: quantile(r.Ended, 0.50), decidedP99: quantile(r.Ended, 0.99),
	}
}

// quantile returns the least of the times that this share of them does not exceed,
// in milliseconds; 0 of none.
func quantile(times []time.Duration, share float64) float64 {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	rank := int(math.Ceil(share * float64(len(sorted))))
	return float64(sorted[max(rank, 1)-1]) / float64(time.Millisecond)
}
