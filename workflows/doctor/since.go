package doctor

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows/doctor/judge"
	"github.com/amends/amends/workflows/doctor/report"
)

// late is how much later than its rows say a transaction may end, or a host's clock may be,
// beside the grace.
const late = time.Minute

// begin decides whether the run is whole, by the mark of the schedule's last complete run.
func (d *doctor) begin(ctx workflow.Context) {
	var before Report
	if d.in.WholeEvery > 0 && workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &before); err != nil {
			workflow.GetLogger(ctx).Warn("cannot read the last report, so this run is whole", "error", err)
		}
	}
	d.last = before.Mark
	if !d.in.whole(d.last.Whole, d.report.Started) {
		d.report.Since = d.last.Until
	}
}

// whole reports whether a run that begins now is over all orders.
func (in Input) whole(last, now time.Time) bool {
	if in.WholeEvery <= 0 || last.IsZero() {
		return true
	}
	round := func(t time.Time) time.Time { return t.UTC().Add(-in.WholeAt).Truncate(in.WholeEvery) }
	return !round(now).Equal(round(last))
}

// until returns the time before which the run looks at every change. What has changed since
// may belong to an order that is too young to be judged, or is not committed yet: it is left
// to a later run, so that an order is looked at once and not in every run until then.
func (d *doctor) until() time.Time {
	t := d.report.Started.Add(-d.in.DecideAfter - d.in.Grace - late)
	if t.Before(d.last.Until) { // the settings were shorter
		return d.last.Until
	}
	return t
}

// changes judges one page of the sagas in which something has changed. It is page for a
// run that is not whole.
func (d *doctor) changes(ctx workflow.Context) (n int, ended bool, err error) {
	w := audit.Window{Range: audit.Range{After: d.after, Limit: d.in.PageSize}, From: d.report.Since, Until: d.until()}
	first := d.after == ""
	orders, err := ask(ctx, d, activities.AuditChanged(activities.AuditOrders.Service), w)
	if err != nil {
		if ctx.Err() != nil {
			return 0, true, err
		}
		d.report.Miss(activities.AuditOrders.Service, err)
	}
	d.report.Pages++
	w.To, d.after = orders.Next, orders.Next
	ids, err := d.alsoChanged(ctx, w, orders.Facts)
	if err != nil {
		return 0, true, err
	}
	// Those that were left open come with the first page, and with no other.
	ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(d.last.Open, id) })
	if first {
		ids = append(ids, d.last.Open...)
	}
	read := d.report.Orders
	err = d.look(ctx, ids, func(f *judge.Facts, v judge.Verdict) {
		if f.Order != nil {
			d.report.Orders++
		}
		d.firstLook(f, v)
	})
	return d.report.Orders - read, orders.Next == "", err
}

// alsoChanged asks the other services, all at once, for the sagas of w in which they have
// changed something, and returns these and ids, sorted, each once. The only error is that
// ctx ended.
func (d *doctor) alsoChanged(ctx workflow.Context, w audit.Window, ids []string) ([]string, error) {
	waiting := workflow.NewWaitGroup(ctx)
	for _, s := range judge.Services {
		if s.Undated || s.Follows && (d.in.Alone || d.report.Missed(s.Name)) {
			continue
		}
		waiting.Add(1)
		workflow.GoNamed(ctx, "changed-"+s.Name, func(ctx workflow.Context) {
			defer waiting.Done()
			more, err := d.changedIn(ctx, s, w)
			if ids = append(ids, more...); err != nil {
				d.report.Miss(s.Name, err)
			}
		})
	}
	waiting.Wait(ctx)
	slices.Sort(ids) // services answer in any order
	return slices.Compact(ids), ctx.Err()
}

// changedIn asks one service for all its sagas of w.
func (d *doctor) changedIn(ctx workflow.Context, s judge.Service, w audit.Window) (all []string, err error) {
	for range pagesPerRange {
		var page *audit.Changed // null: the platform does not have the service
		if err := d.start(ctx, activities.AuditChanged(s.Name).Name, s.Queue(), w).Get(ctx, &page); err != nil || page == nil {
			return all, err
		}
		if all = append(all, page.Facts...); page.Next == "" {
			return all, nil
		}
		w.After = page.Next
	}
	return all, errTooMany
}

// postpone leaves an order to the next run that this one came too early for, although its
// last change is in no later window: its decide-by is later than is usual.
func (d *doctor) postpone(f *judge.Facts, v judge.Verdict) {
	open := &d.report.Mark.Open
	if v.Young && f.Order.Status != order.Pending && f.Order.UpdatedAt.Before(d.until()) && len(*open) <= report.MaxListed {
		*open = append(*open, f.Saga)
	}
}

// long reports whether the run asks for findings of a kind about all orders together.
func (d *doctor) long(k audit.Kind) bool { return d.report.Whole() || slices.Contains(d.last.Long, k) }

// mark sets from where the schedule's next run goes on.
func (d *doctor) mark() {
	r, next := &d.report, d.report.Mark
	for _, f := range r.Findings {
		switch {
		case f.Repaired:
		case f.Order == "":
			next.Long = append(next.Long, f.Kind)
		case !slices.Contains(next.Open, f.Order):
			next.Open = append(next.Open, f.Order)
		}
	}
	r.Mark = d.last
	if d.in.WholeEvery <= 0 || len(r.Unasked) > 0 || r.Found() > len(r.Findings) || len(next.Open) > report.MaxListed {
		return // the next run covers the same again, and more
	}
	if next.Until, next.Whole = d.until(), d.last.Whole; r.Whole() {
		next.Whole = r.Started
	}
	r.Mark = next
}
