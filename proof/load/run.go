package load

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// everyKind stands for the orders of all kinds.
const everyKind Kind = ""

// run is one load.
type run struct {
	o    Options
	id   string
	call *caller

	placed, acknowledged, decided, inFlight, duplicates, checked atomic.Int64

	startDelay, acknowledgement *histogram
	decision, recorded          map[Kind]*histogram // of each kind, and of all

	browsers browsers

	mu     sync.Mutex
	orders []*tracked
}

// Run makes the load, waits for every order and checks each. Faults of orders are
// in the report, see [Report.Err]. An error says that the options are wrong, that
// the platform is not ready, or that ctx ended before every order was checked; the
// report then covers the run until that point.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	o = o.withDefaults()
	call, err := newCaller(o)
	if err != nil {
		return Report{}, err
	}
	r := &run{
		o: o, call: call, id: strings.ToLower(rand.Text()[:10]),
		startDelay: newHistogram(), acknowledgement: newHistogram(),
		decision: map[Kind]*histogram{}, recorded: map[Kind]*histogram{},
		browsers: browsers{answer: newHistogram(), refusal: newHistogram()},
	}
	for _, kind := range append([]Kind{everyKind}, kinds...) {
		r.decision[kind], r.recorded[kind] = newHistogram(), newHistogram()
	}

	defer call.close()
	if err := call.ready(ctx); err != nil {
		return Report{}, err
	}
	began, cpu := time.Now(), cpuTime()
	progress := r.report(began)
	stop := r.browse(ctx)
	r.place(ctx)
	placing := time.Since(began)
	stop()
	if o.Placed != nil && ctx.Err() == nil {
		o.Placed()
	}
	progress.enter(Deciding)
	found, err := r.settle(ctx)
	progress.enter(Done)

	report := r.sum(found, placing, err != nil)
	report.TotalSeconds = time.Since(began).Seconds()
	report.CPUSeconds = (cpuTime() - cpu).Seconds()
	if err == nil {
		report.Violations = r.judge(found)
	}
	return report, err
}

// remember keeps an order to be checked at the end.
func (r *run) remember(t *tracked) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.orders = append(r.orders, t)
}

// all returns every order that was placed, in the order of their numbers.
func (r *run) all() []*tracked {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.orders, func(a, b *tracked) int { return a.n - b.n })
	return r.orders
}
