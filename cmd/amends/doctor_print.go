package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	doctorflow "github.com/amends/amends/workflows/doctor"
)

// renderReport writes a report as tables; age is how long ago it ended, in words,
// unless that was just now.
func renderReport(w io.Writer, r doctorflow.Report, age string) error {
	looked := fmt.Sprintf("%s, for %s", stamp(r.Started), r.Ended.Sub(r.Started).Round(time.Millisecond))
	if age != "" {
		looked += "; " + age + " ago"
	}
	head := newTable()
	head.AppendRow(table.Row{"Looked", looked})
	head.AppendRow(table.Row{"Orders", fmt.Sprintf("%d, of which %d judged and %d too young; %.0f per second", r.Orders, r.Judged, r.SkippedYoung, r.OrdersPerSecond)})
	attention := fmt.Sprintf("%d, flagged with a reason: amends orders --needs-attention", r.NeedsAttention)
	if r.SkippedYoung > 0 {
		attention += ", which lists the young ones too"
	}
	head.AppendRow(table.Row{"Need attention", attention})
	head.AppendRow(table.Row{"Waived", r.WaiverCount})
	head.AppendRow(table.Row{"Verdict", verdict(r)})
	out := head.Render() + "\n"

	if len(r.Unasked) > 0 {
		t := newTable()
		t.AppendHeader(table.Row{"Did not answer", "Times", "Error"})
		for _, u := range r.Unasked {
			t.AppendRow(table.Row{u.Service, u.Times, u.Error})
		}
		out += "\n" + t.Render() + "\n"
	}
	if len(r.Findings) > 0 {
		t := newTable()
		t.AppendHeader(table.Row{"Finding", "Promise", "Order", "Service", "What", "Since", "Repaired"})
		for _, f := range r.Findings {
			since := ""
			if !f.Since.IsZero() {
				since = stamp(f.Since)
			}
			t.AppendRow(table.Row{f.Kind, f.Invariant, f.Order, f.Service, f.Detail, since, repaired(f)})
		}
		out += "\n" + t.Render() + "\n"
		if more := listedNot(r); more > 0 {
			var counts []string
			for _, k := range slices.Sorted(maps.Keys(r.Counts)) {
				counts = append(counts, fmt.Sprintf("%s %d", k, r.Counts[k]))
			}
			out += fmt.Sprintf("… and %d more: %s\n", more, strings.Join(counts, " "))
		}
	}
	if len(r.Waivers) > 0 {
		t := newTable()
		t.AppendHeader(table.Row{"Waived of order", "Step", "Owed", "Reason", "By", "Reference", "At"})
		for _, v := range r.Waivers {
			t.AppendRow(table.Row{v.Order, v.Step, v.Owed, v.Reason, v.Operator, v.Reference, stamp(v.At)})
		}
		out += "\n" + t.Render() + "\n"
	}
	if r.ReportOnlyBecause != "" {
		out += "\nNothing was repaired: " + r.ReportOnlyBecause + ".\n"
	}
	_, err := io.WriteString(w, out)
	return err
}

// listedNot is how many findings are counted but not listed.
func listedNot(r doctorflow.Report) int {
	n := -len(r.Findings)
	for _, count := range r.Counts {
		n += count
	}
	return n
}

func verdict(r doctorflow.Report) string {
	switch {
	case r.OK && len(r.Findings) == 0 && r.Judged == 0 && r.SkippedYoung > 0:
		return fmt.Sprintf("nothing was judged: %s too young: one is judged when its decide-by time and --grace have passed", wereOrders(r.SkippedYoung))
	case r.OK && len(r.Findings) == 0 && r.Judged == 0:
		return "nothing was judged: there are no orders"
	case r.OK && len(r.Findings) == 0:
		return fmt.Sprintf("nothing is wrong with the %d judged", r.Judged)
	case r.OK:
		return "what was wrong is repaired"
	case len(r.Unasked) > 0 && len(r.Findings) == 0:
		return "not everything could be asked"
	default:
		return "something is wrong"
	}
}

// ageInWords is d in the largest unit of which there are at least two.
func ageInWords(d time.Duration) string {
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

func wereOrders(n int) string {
	if n == 1 {
		return "1 order was"
	}
	return fmt.Sprintf("%d orders were", n)
}

func repaired(f doctorflow.Finding) string {
	switch {
	case f.Repaired:
		return "yes"
	case f.Note != "":
		return "no: " + f.Note
	case f.Repairable:
		return "no, it could be"
	default:
		return "no, it is for a person"
	}
}
