package doctor

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows/doctor/judge"
)

// resumeAtOnce is the number of sagas that one activity resumes: few, because the
// orders of waiting customers come first.
const resumeAtOnce = 10

// tolerated returns how many findings of one kind are repaired without an
// operator. More of them have a common cause, such as a restored backup or a broken
// release, and then the apparent exception may be the truth.
func (d *doctor) tolerated() int {
	if d.in.AtMost > 0 {
		return d.in.AtMost
	}
	return max(10, d.report.Judged/100)
}

// repair resumes the sagas that can fix findings, and checks the result.
func (d *doctor) repair(ctx workflow.Context) error {
	ids := d.report.Repairable()
	if len(ids) == 0 {
		return nil
	}
	if d.report.ReportOnlyBecause = d.reportOnly(); d.report.ReportOnlyBecause != "" {
		return nil
	}
	failed := map[string]string{}
	var resumed []string
	for some := range slices.Chunk(ids, resumeAtOnce) {
		answers, err := ask(ctx, d, activities.ResumeSagas, some)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.report.Miss(engine, err)
			break
		}
		for _, a := range answers {
			if a.Error != "" {
				failed[a.Order] = a.Error
				continue
			}
			resumed = append(resumed, a.Order)
		}
	}
	if err := d.watch(ctx, resumed); err != nil {
		return err
	}
	for i := range d.report.Findings {
		switch f := &d.report.Findings[i]; {
		case !f.Repairable || f.Repaired:
		case failed[f.Order] != "":
			f.Note = "its saga could not be resumed: " + failed[f.Order]
		case slices.Contains(resumed, f.Order):
			f.Note = "its saga runs again, but has not mended it yet"
		}
	}
	return nil
}

// reportOnly describes why nothing may be repaired; empty if repairs are allowed.
func (d *doctor) reportOnly() string {
	if d.in.DryRun {
		return "it was asked to change nothing"
	}
	for _, k := range judge.Kinds {
		if judge.SeverityOf(k) == judge.Warning {
			continue // a copy that is late says nothing about the records
		}
		if n, most := d.report.Counts[k], d.tolerated(); n > most {
			return fmt.Sprintf("there are %d findings of kind %s, more than %d: that looks like a database that was restored from a backup, "+
				"or a broken release, and is for a person to judge", n, k, most)
		}
	}
	return ""
}

// watch looks at the orders of resumed sagas until their findings are gone, or the
// time for it is over.
func (d *doctor) watch(ctx workflow.Context, ids []string) error {
	until := workflow.Now(ctx).Add(d.in.Heal)
	for pause := time.Second; len(ids) > 0; pause = min(2*pause, d.in.Pause) {
		if err := workflow.Sleep(ctx, pause); err != nil {
			return err
		}
		var left []string
		err := d.look(ctx, ids, func(f *judge.Facts, v judge.Verdict) {
			if !d.mended(f, v) {
				left = append(left, f.Saga)
			}
		})
		if err != nil {
			return err
		}
		if ids = left; !workflow.Now(ctx).Before(until) {
			return nil
		}
	}
	return nil
}

// mended marks the findings of an order that are gone, and reports whether every
// repairable one is.
func (d *doctor) mended(f *judge.Facts, v judge.Verdict) bool {
	// A saga that runs again but has not decided has fixed nothing yet; a flagged
	// order has a reason for an operator to read.
	decided := f.Order != nil && (f.Order.Status != order.Pending && len(f.Order.Refunds) == 0 || v.NeedsAttention)
	all := true
	for i := range d.report.Findings {
		old := &d.report.Findings[i]
		if old.Order != f.Saga || !old.Repairable {
			continue
		}
		gone := !slices.ContainsFunc(v.Findings, func(now judge.Finding) bool { return now.Kind == old.Kind && now.Service == old.Service })
		// Without an answer a finding is not known to be gone.
		asked := !slices.Contains(f.Unasked, old.Service) && !slices.Contains(f.Unasked, engine)
		old.Repaired = decided && gone && asked
		all = all && old.Repaired
	}
	return all
}
