// Package doctorreport renders a report of the doctor.
package doctorreport

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// Write writes a report of the doctor. age is the time since its end, as [Age]
// returns it, or "" for a run that has just ended.
func Write(s show.Screen, r doctor.Report, age string) error {
	problems := []error{s.Tables(head(r, age), unasked(r), findings(r), waivers(r))}
	if !r.Holds.IsZero() {
		problems = append(problems, s.Note("These orders hold together: %s.", r.Holds))
	}
	if more := found(r) - len(r.Findings); more > 0 && len(r.Findings) > 0 {
		var counts []string
		for _, k := range slices.Sorted(maps.Keys(r.Counts)) {
			counts = append(counts, fmt.Sprintf("%s %d", k, r.Counts[k]))
		}
		problems = append(problems, s.Note("… and %d more: %s", more, strings.Join(counts, " ")))
	}
	if r.ReportOnlyBecause != "" {
		problems = append(problems, s.Note("Nothing was repaired: %s.", r.ReportOnlyBecause))
	}
	return errors.Join(problems...)
}

func unasked(r doctor.Report) *show.Table {
	t := show.NewTable(show.Text("Did not answer"), show.Number("Times"), show.Prose("Error"))
	for _, u := range r.Unasked {
		t.Row(u.Service, u.Times, u.Error)
	}
	return t
}

func waivers(r doctor.Report) *show.Table {
	t := show.NewTable(
		show.OrderID("Waived of order"), show.Text("Step"), show.Prose("Owed"), show.Prose("Reason"), show.Prose("By").Dispensable(1),
		show.Prose("Reference"), show.Moment("At").Dispensable(2),
	)
	for _, v := range r.Waivers {
		t.Row(v.Order, v.Step, v.Owed, v.Reason, v.Operator, v.Reference, show.Stamp(v.At))
	}
	return t
}

func head(r doctor.Report, age string) *show.Table {
	run := fmt.Sprintf("%s, for %s", show.Stamp(r.Started), r.Ended.Sub(r.Started).Round(time.Millisecond))
	if age != "" {
		run += "; " + age + " ago"
	}
	attention := fmt.Sprintf("%d, flagged with a reason: amends order list --needs-attention", r.NeedsAttention)
	if r.SkippedYoung > 0 {
		attention += ", which lists young orders too"
	}
	t := show.Pairs()
	t.Row("Started", run)
	if !r.Whole() {
		t.Row("Looked at", "what has changed since "+show.Stamp(r.Since)+", orders that had not ended, and those with findings; the last run over all orders began "+show.Stamp(r.Mark.Whole))
	}
	t.Row("Orders", fmt.Sprintf("%d: %d judged, %d too young; %.0f per second", r.Orders, r.Judged, r.SkippedYoung, r.OrdersPerSecond))
	t.Row("Need attention", attention)
	t.Row("Waived", r.WaiverCount)
	if len(r.Absent) > 0 {
		t.Row("Not asked", strings.Join(r.Absent, ", ")+": the platform has none, or the order service's worker has no address of it")
	}
	t.Row("Verdict", verdict(r))
	return t
}

func findings(r doctor.Report) *show.Table {
	t := show.NewTable(
		show.Prose("Finding"), show.Text("Severity").Dispensable(1), show.Text("Invariant").Dispensable(4), show.OrderID("Order"),
		show.Text("Service").Dispensable(2), show.Prose("Detail"), show.Moment("Since").Dispensable(3), show.Prose("Repaired"),
	)
	for _, f := range r.Findings {
		t.Row(f.Kind, show.State(f.Severity), f.Invariant, f.Order, f.Service, detail(f), show.Stamp(f.Since), show.State(repaired(f)))
	}
	return t
}

// detail returns the finding, and the holdings of the order.
func detail(f judge.Finding) string {
	if f.Holds.IsZero() {
		return f.Detail
	}
	return f.Detail + "\n" + f.Holds.String()
}

// found counts the findings of a report, listed or not.
func found(r doctor.Report) int {
	n := 0
	for _, count := range r.Counts {
		n += count
	}
	return n
}

func verdict(r doctor.Report) string {
	switch {
	case r.OK && r.Judged == 0 && !r.Whole():
		return "nothing is wrong: no order has changed that is old enough to be judged"
	case len(r.Findings)+len(r.Unasked) == 0 && r.Judged == 0 && r.SkippedYoung > 0:
		return fmt.Sprintf("nothing was judged: %s too young; an order is judged once its decide-by time and --grace have passed", ordersAre(r.SkippedYoung))
	case r.OK && len(r.Findings) == 0 && r.Judged == 0:
		return "nothing was judged: there are no orders"
	case r.OK && len(r.Findings) == 0:
		return fmt.Sprintf("nothing is wrong with the %d judged", r.Judged)
	case r.OK:
		return "every finding was repaired"
	case len(r.Unasked) > 0 && len(r.Findings) == 0:
		return "a service did not answer"
	default:
		return "something is wrong"
	}
}

func ordersAre(n int) string {
	if n == 1 {
		return "1 order is"
	}
	return fmt.Sprintf("%d orders are", n)
}

func repaired(f judge.Finding) string {
	switch {
	case f.Repaired:
		return "yes"
	case f.Note != "":
		return "no: " + f.Note
	case f.Repairable:
		return "no, it could be"
	default:
		return "no, it needs an operator"
	}
}

// Summary returns a report in one line.
func Summary(r doctor.Report) string {
	parts := []string{fmt.Sprintf("%d orders judged, %d findings, %d repaired", r.Judged, found(r), r.Repaired)}
	for _, u := range r.Unasked {
		parts = append(parts, u.Service+" did not answer")
	}
	return strings.Join(parts, ", ")
}

// Age returns d in the largest unit that gives at least two, and "a moment" for
// less than two seconds.
func Age(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}, {time.Second, "seconds"}} {
		if n := d / unit.length; n >= 2 {
			return fmt.Sprintf("%d %s", n, unit.name)
		}
	}
	return "a moment"
}
