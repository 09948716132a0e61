package workflows

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
)

// Names of the doctor that others use.
const (
	// Reconcile is the type name of the workflow that compares what everybody has.
	Reconcile = "Reconcile"
	// DoctorScheduleID is the schedule that starts it.
	DoctorScheduleID = "amends-doctor"
	// DoctorWorkflowID is the id of a run that somebody asked for.
	DoctorWorkflowID = "doctor"
)

// ReconcileInput says how to look. The zero value of a field is its default.
type ReconcileInput struct {
	// DryRun repairs nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Grace is how long after its decide-by an order is judged: the time that the
	// last undo may take, and what clocks may differ by. Default 10 min.
	Grace time.Duration `json:"grace,omitempty"`
	// Pause lies between the first look at what seems wrong and the second. Default 10 s.
	Pause time.Duration `json:"pause,omitempty"`
	// Patience is how long a service may fail to answer until it is reported as not
	// asked. Default 2 min.
	Patience time.Duration `json:"patience,omitempty"`
	// Heal is how long a resumed saga is waited for. Default 1 min.
	Heal time.Duration `json:"heal,omitempty"`
	// AtMost is how many findings of one kind are repaired; more of them repair
	// nothing at all. 0 is 10, or 1 % of the orders judged if that is more.
	AtMost int `json:"at_most,omitempty"`
	// Rate is how many orders are looked at per second at most; 0 is no limit.
	Rate int `json:"rate,omitempty"`
	// PageSize is how many orders are asked for at a time, at most 1,000. Default 500.
	PageSize int `json:"page_size,omitempty"`
	// PagesPerRun is after how many pages the workflow goes on as a new run, with a
	// fresh history. Default 10.
	PagesPerRun int `json:"pages_per_run,omitempty"`

	// SoFar is for the workflow itself: what the runs before this one have found.
	SoFar *SoFar `json:"so_far,omitempty"`
}

// SoFar is what one run of the workflow hands to the next.
type SoFar struct {
	After  string `json:"after"` // the last order that was looked at
	Report Report `json:"report"`
}

// Waits is how long one run of the workflow waits to keep to its rate.
func (in ReconcileInput) Waits() time.Duration {
	in = in.normal()
	if in.Rate <= 0 {
		return 0
	}
	return time.Duration(in.PagesPerRun*in.PageSize) * time.Second / time.Duration(in.Rate)
}

func (in ReconcileInput) normal() ReconcileInput {
	def := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	def(&in.Grace, 10*time.Minute)
	def(&in.Pause, 10*time.Second)
	def(&in.Patience, 2*time.Minute)
	def(&in.Heal, time.Minute)
	if in.PageSize <= 0 || in.PageSize > 1000 {
		in.PageSize = 500
	}
	if in.PagesPerRun <= 0 {
		in.PagesPerRun = 10
	}
	return in
}

// reconcile walks through all orders page by page, asks every service what it
// has for the sagas of the same stretch of ids, judges, looks a second time at
// what seems wrong, and in the end repairs what may be repaired. It is changed
// without a version: a run that hangs after a deployment is ended, and nothing is
// lost. See docs/doctor.md.
func (o Options) reconcile(ctx workflow.Context, in ReconcileInput) (Report, error) {
	in = in.normal()
	d := &doctor{in: in, queues: o.Queues}
	if so := in.SoFar; so != nil {
		d.report, d.after = so.Report, so.After
	} else {
		d.report = Report{
			Started: workflow.Now(ctx), DryRun: in.DryRun, Counts: map[FindingKind]int{},
			Waivers: []OrderWaiver{}, Findings: []Finding{}, Unasked: []Unasked{},
		}
	}
	more, err := d.scan(ctx)
	if err != nil {
		return Report{}, err
	}
	if more {
		in.SoFar = &SoFar{After: d.after, Report: d.report}
		return Report{}, workflow.NewContinueAsNewError(ctx, Reconcile, in)
	}
	if err := d.wholes(ctx); err != nil {
		return Report{}, err
	}
	if err := d.repair(ctx); err != nil {
		return Report{}, err
	}
	d.end(ctx)
	return d.report, nil
}

// doctor is one run of the workflow.
type doctor struct {
	in       ReconcileInput
	queues   map[string]string
	after    string
	report   Report
	suspects map[string][]FindingKind // saga -> what seemed wrong with it at the first look
}

// suspectsPerRun is after how many suspects a run asks about them, and leaves the
// rest to the next: the second look is part of its history too.
const suspectsPerRun = 5000

// scan looks at as many pages as a run may, and says whether there are more.
func (d *doctor) scan(ctx workflow.Context) (more bool, err error) {
	d.suspects = map[string][]FindingKind{}
	for range d.in.PagesPerRun {
		began := workflow.Now(ctx)
		orders, ended, err := d.page(ctx)
		if err != nil {
			return false, err
		}
		if ended {
			return false, d.secondLook(ctx)
		}
		if len(d.suspects) >= suspectsPerRun {
			break
		}
		if err := d.throttle(ctx, orders, workflow.Now(ctx).Sub(began)); err != nil {
			return false, err
		}
	}
	return true, d.secondLook(ctx)
}

// page looks at one page of orders. It says how many there were, and whether it
// was the last.
func (d *doctor) page(ctx workflow.Context) (n int, ended bool, err error) {
	r := audit.Range{After: d.after, Limit: d.in.PageSize}
	page, err := ask(ctx, d, activities.AuditOrders, r)
	if err != nil {
		if ctx.Err() != nil {
			return 0, true, err
		}
		d.report.unasked("order", err)
		return 0, true, nil // nobody knows where the next page would begin
	}
	d.report.Pages++
	d.report.Orders += len(page.Facts)
	r.To, d.after = page.Next, page.Next // the last stretch has no end: what comes behind every order is of none
	all := newFacts()
	all.orders(page)
	if err := d.others(ctx, r, all); err != nil {
		return 0, true, err
	}
	for _, f := range all.list {
		v := Judge(*f, workflow.Now(ctx), d.in.Grace)
		d.count(f, v)
		for _, finding := range v.Findings {
			d.suspects[f.Saga] = append(d.suspects[f.Saga], finding.Kind)
		}
	}
	return len(page.Facts), page.Next == "", nil
}

// count counts an order that was judged.
func (d *doctor) count(f *Facts, v Verdict) {
	switch {
	case f.Order == nil:
		return
	case v.Young:
		d.report.SkippedYoung++
		return
	}
	d.report.Judged++
	if v.NeedsAttention {
		d.report.NeedsAttention++
	}
	for _, w := range f.Order.Waivers {
		d.report.WaiverCount++
		if len(d.report.Waivers) < MaxListed {
			d.report.Waivers = append(d.report.Waivers, OrderWaiver{Order: f.Saga, Waiver: w})
		}
	}
}

// secondLook asks once more about what seemed wrong, and reports what still is:
// pages of live databases are no snapshot.
func (d *doctor) secondLook(ctx workflow.Context) error {
	if len(d.suspects) == 0 {
		return nil
	}
	if err := workflow.Sleep(ctx, d.in.Pause); err != nil {
		return err
	}
	// Sorted, because the order of a map is another one at every replay.
	ids := slices.Sorted(maps.Keys(d.suspects)) //workflowcheck:ignore
	return d.look(ctx, ids, func(f *Facts, v Verdict) {
		for _, finding := range v.Findings {
			if slices.Contains(d.suspects[f.Saga], finding.Kind) {
				d.report.add(finding)
			}
		}
	})
}

// look asks everybody about exactly these sagas and judges them.
func (d *doctor) look(ctx workflow.Context, ids []string, seen func(*Facts, Verdict)) error {
	for some := range slices.Chunk(ids, d.in.PageSize) {
		r := audit.Range{Sagas: some}
		page, err := ask(ctx, d, activities.AuditOrders, r)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.unasked("order", err)
			continue // of these nothing can be said
		}
		all := newFacts()
		all.orders(page)
		if err := d.others(ctx, r, all); err != nil {
			return err
		}
		for _, f := range all.list {
			seen(f, Judge(*f, workflow.Now(ctx), d.in.Grace))
		}
	}
	return nil
}

// wholes asks each service about what only it can sum up.
func (d *doctor) wholes(ctx workflow.Context) error {
	placed := start(ctx, d, activities.AuditPlaced, none)
	stock := start(ctx, d, activities.AuditStock, none)
	ledger := start(ctx, d, activities.AuditLedger, none)
	for _, w := range []struct {
		answer    workflow.Future
		service   string
		invariant Invariant
		kind      FindingKind
	}{
		{placed, "order", NoneLost, FindingPlacedTwice},
		{stock, "inventory", StockAddsUp, FindingStock},
		{ledger, "payment", MoneyAddsUp, FindingLedger},
	} {
		var wrong []string
		if err := w.answer.Get(ctx, &wrong); err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.unasked(w.service, err)
		}
		for _, what := range wrong {
			d.report.add(Finding{Invariant: w.invariant, Kind: w.kind, Service: w.service, Detail: what})
		}
	}
	return nil
}

// throttle keeps to the rate.
func (d *doctor) throttle(ctx workflow.Context, orders int, took time.Duration) error {
	if d.in.Rate <= 0 {
		return nil
	}
	return workflow.Sleep(ctx, time.Duration(orders)*time.Second/time.Duration(d.in.Rate)-took)
}

// end sums up.
func (d *doctor) end(ctx workflow.Context) {
	r := &d.report
	r.Ended = workflow.Now(ctx)
	if took := r.Ended.Sub(r.Started).Seconds(); took > 0 {
		r.OrdersPerSecond = float64(r.Orders) / took
	}
	for _, f := range r.Findings {
		if f.Repaired {
			r.Repaired++
		}
	}
	r.OK = r.found() == r.Repaired && len(r.Unasked) == 0
	metrics := workflow.GetMetricsHandler(ctx)
	for _, k := range FindingKinds { // those of which there are none too: a gauge keeps its value
		metrics.WithTags(map[string]string{"kind": string(k)}).Gauge("amends_doctor_findings").Update(float64(r.Counts[k]))
	}
	metrics.Gauge("amends_doctor_last_run_timestamp_seconds").Update(float64(r.Ended.Unix()))
	metrics.Gauge("amends_doctor_orders_per_second").Update(r.OrdersPerSecond)
	metrics.Gauge("amends_doctor_unrepaired").Update(float64(r.found() - r.Repaired))
	metrics.Gauge("amends_doctor_unasked").Update(float64(len(r.Unasked)))
	if !r.OK {
		workflow.GetLogger(ctx).Warn("the doctor found what is wrong", "findings", r.found(), "repaired", r.Repaired,
			"unasked", fmt.Sprint(len(r.Unasked)))
	}
}
