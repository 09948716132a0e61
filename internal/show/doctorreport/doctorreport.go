// Package doctorreport renders a report of the doctor.
package doctorreport

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// Write writes a report of the doctor. age is the time since its end, as [Age]
// returns it, or "" for a run that has just ended.
func Write(w io.Writer, r doctor.Report, age string) error {
	out := head(r, age).Render() + "\n"
	if len(r.Unasked) > 0 {
		t := show.Table()
		t.AppendHeader(table.Row{"Did not answer", "Times", "Error"})
		for _, u := range r.Unasked {
			t.AppendRow(table.Row{u.Service, u.Times, u.Error})
		}
		out += "\n" + t.Render() + "\n"
	}
	if len(r.Findings) > 0 {
		out += "\n" + findings(r)
	}
	if len(r.Waivers) > 0 {
		t := show.Table()
		t.AppendHeader(table.Row{"Waived of order", "Step", "Owed", "Reason", "By", "Reference", "At"})
		for _, v := range r.Waivers {
			t.AppendRow(table.Row{v.Order, v.Step, v.Owed, v.Reason, v.Operator, v.Reference, show.Stamp(v.At)})
		}
		out += "\n" + t.Render() + "\n"
	}
	if r.ReportOnlyBecause != "" {
		out += "\nNothing was repaired: " + r.ReportOnlyBecause + ".\n"
	}
	_, err := io.WriteString(w, out)
	return err
}

func head(r doctor.Report, age string) table.Writer {
	run := fmt.Sprintf("%s, for %s", show.Stamp(r.Started), r.Ended.Sub(r.Started).Round(time.Millisecond))
	if age != "" {
		run += "; " + age + " ago"
	}
	attention := fmt.Sprintf("%d, flagged with a reason: amends orders --needs-attention", r.NeedsAttention)
	if r.SkippedYoung > 0 {
		attention += ", which lists young orders too"
	}
	t := show.Table()
	t.AppendRow(table.Row{"Started", run})
	t.AppendRow(table.Row{"Orders", fmt.Sprintf("%d: %d judged, %d too young; %.0f per second", r.Orders, r.Judged, r.SkippedYoung, r.OrdersPerSecond)})
	t.AppendRow(table.Row{"Need attention", attention})
	t.AppendRow(table.Row{"Waived", r.WaiverCount})
	if len(r.Absent) > 0 {
		t.AppendRow(table.Row{"Not asked", strings.Join(r.Absent, ", ") + ": the platform has none, or the order service's worker has no address of it"})
	}
	t.AppendRow(table.Row{"Verdict", verdict(r)})
	return t
}

func findings(r doctor.Report) string {
	t := show.Table()
	t.AppendHeader(table.Row{"Finding", "Severity", "Invariant", "Order", "Service", "Detail", "Since", "Repaired"})
	for _, f := range r.Findings {
		since := ""
		if !f.Since.IsZero() {
			since = show.Stamp(f.Since)
		}
		t.AppendRow(table.Row{f.Kind, f.Severity, f.Invariant, f.Order, f.Service, f.Detail, since, repaired(f)})
	}
	out := t.Render() + "\n"
	if more := found(r) - len(r.Findings); more > 0 {
		var counts []string
		for _, k := range slices.Sorted(maps.Keys(r.Counts)) {
			counts = append(counts, fmt.Sprintf("%s %d", k, r.Counts[k]))
		}
		out += fmt.Sprintf("… and %d more: %s\n", more, strings.Join(counts, " "))
	}
	return out
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
	case r.OK && len(r.Findings) == 0 && r.Judged == 0 && r.SkippedYoung > 0:
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
