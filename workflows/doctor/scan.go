package doctor

import (
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/workflows/doctor/judge"
	"github.com/amends/amends/workflows/doctor/report"
)

// doctor is the state of one run of the workflow.
type doctor struct {
	in       Input
	queues   map[string]string
	after    string
	report   Report
	last     report.Mark             // of the schedule's run before
	suspects map[string][]audit.Kind // saga -> its findings at the first look
}

// suspectsPerRun is the number of suspects after which a run leaves the remaining
// pages to the next: the second look is part of its history too.
const suspectsPerRun = 5000

// scan reads as many pages as one run may, and reports whether more are left.
func (d *doctor) scan(ctx workflow.Context) (more bool, err error) {
	d.suspects = map[string][]audit.Kind{}
	for range d.in.PagesPerRun {
		began := workflow.Now(ctx)
		next := d.page
		if !d.report.Whole() {
			next = d.changes
		}
		orders, ended, err := next(ctx)
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

// page judges one page of orders. It returns their number, and whether the page
// was the last.
func (d *doctor) page(ctx workflow.Context) (n int, ended bool, err error) {
	r := audit.Range{After: d.after, Limit: d.in.PageSize}
	page, err := ask(ctx, d, activities.AuditOrders, r)
	if err != nil {
		if ctx.Err() != nil {
			return 0, true, err
		}
		d.report.Miss(activities.AuditOrders.Service, err)
		return 0, true, nil // the start of the next page is unknown
	}
	d.report.Pages++
	d.report.Orders += len(page.Facts)
	r.To, d.after = page.Next, page.Next // the last range is open: sagas after the last order have none
	all := judge.NewPage(page)
	if err := d.others(ctx, r, all); err != nil {
		return 0, true, err
	}
	for _, f := range all.List {
		d.firstLook(f, judge.Judge(*f, workflow.Now(ctx), d.in.Grace))
	}
	return len(page.Facts), page.Next == "", nil
}

// firstLook notes a saga that was judged for the first time.
func (d *doctor) firstLook(f *judge.Facts, v judge.Verdict) {
	d.count(f, v)
	d.postpone(f, v)
	for _, finding := range v.Findings {
		d.suspects[f.Saga] = append(d.suspects[f.Saga], finding.Kind)
	}
}

// count adds an order to the report's counters.
func (d *doctor) count(f *judge.Facts, v judge.Verdict) {
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
		if len(d.report.Waivers) < report.MaxListed {
			d.report.Waivers = append(d.report.Waivers, report.OrderWaiver{Order: f.Saga, Waiver: w})
		}
	}
}

// secondLook asks for the suspects again, and reports the findings that are made
// a second time.
func (d *doctor) secondLook(ctx workflow.Context) error {
	if len(d.suspects) == 0 {
		return nil
	}
	if err := workflow.Sleep(ctx, d.in.Pause); err != nil {
		return err
	}
	// Sorted, because the order of a map changes from replay to replay.
	ids := slices.Sorted(maps.Keys(d.suspects)) //workflowcheck:ignore
	return d.look(ctx, ids, func(f *judge.Facts, v judge.Verdict) {
		for _, finding := range v.Findings {
			if slices.Contains(d.suspects[f.Saga], finding.Kind) {
				d.report.Add(finding)
			}
		}
	})
}

// look asks every service about exactly these sagas, judges them, and calls seen
// for each.
func (d *doctor) look(ctx workflow.Context, ids []string, seen func(*judge.Facts, judge.Verdict)) error {
	for some := range slices.Chunk(ids, d.in.PageSize) {
		r := audit.Range{Sagas: some}
		page, err := ask(ctx, d, activities.AuditOrders, r)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.Miss(activities.AuditOrders.Service, err)
			continue // these cannot be judged
		}
		all := judge.NewPage(page)
		if err := d.others(ctx, r, all); err != nil {
			return err
		}
		for _, f := range all.List {
			seen(f, judge.Judge(*f, workflow.Now(ctx), d.in.Grace))
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
