// Package loadreport renders the report of a load.
package loadreport

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/proof/load"
)

// maxViolations bounds the rows of violations; standard error and --json have all.
const maxViolations = 20

// Write writes the report of a load.
func Write(w io.Writer, r load.Report) error {
	parts := []string{head(r), outcomes(r), latencies(r)}
	if r.Overload.Answers > 0 || r.GivenUp > 0 {
		parts = append(parts, overload(r))
	}
	if r.Browsing.Asked > 0 {
		parts = append(parts, classes(r))
	}
	if len(r.Errors) > 0 {
		t := show.Table()
		t.AppendHeader(table.Row{"Failed request", "Code", "Times"})
		for _, e := range r.Errors {
			t.AppendRow(table.Row{e.Call, e.Code, e.Count})
		}
		parts = append(parts, t.Render())
	}
	if len(r.Violations) > 0 {
		t := show.Table()
		t.AppendHeader(table.Row{"Wrong", "Order", "Kind", "Detail"})
		for i, v := range r.Violations {
			if i == maxViolations {
				t.AppendRow(table.Row{"", fmt.Sprintf("and %d more", len(r.Violations)-i), "", ""})
				break
			}
			name := v.OrderID
			if name == "" {
				name = v.Key
			}
			t.AppendRow(table.Row{v.Fault, name, v.Kind, v.Detail})
		}
		parts = append(parts, t.Render())
	}
	_, err := io.WriteString(w, strings.Join(parts, "\n\n")+"\n")
	return err
}

func head(r load.Report) string {
	loop := fmt.Sprintf("closed: %d customers, each until %s", r.Concurrency, r.Until)
	if r.Loop == "open" {
		loop = fmt.Sprintf("open: %g orders/s, each until %s", r.Rate, r.Until)
	}
	mix := r.Mix.String()
	if mix == "" {
		mix = "all plain"
	}
	seconds := func(s float64) time.Duration {
		return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond)
	}

	t := show.Table()
	t.AppendRow(table.Row{"Load", r.Run + " on " + r.BaseURL})
	t.AppendRow(table.Row{"Loop", loop})
	t.AppendRow(table.Row{"Mix", fmt.Sprintf("%s; seed %d", mix, r.Seed)})
	t.AppendRow(table.Row{"Took", fmt.Sprintf("%s, %s of it to place", seconds(r.TotalSeconds), seconds(r.PlacingSeconds))})
	t.AppendRow(table.Row{"Placed", r.Placed})
	t.AppendRow(table.Row{"Acknowledged", fmt.Sprintf("%d, %.1f/s", r.Acknowledged, r.AcknowledgedPerSecond)})
	if r.Unchecked > 0 {
		t.AppendRow(table.Row{"Decided", fmt.Sprintf("%d, as customers were told", r.Decided)})
		t.AppendRow(table.Row{"Interrupted", Unchecked(r)})
	} else {
		t.AppendRow(table.Row{"Decided", fmt.Sprintf("%d, %.1f/s", r.Decided, r.DecidedPerSecond)})
	}
	if r.GivenUp > 0 {
		t.AppendRow(table.Row{"Given up", fmt.Sprintf("%d were never acknowledged", r.GivenUp)})
	}
	t.AppendRow(table.Row{"Requests", fmt.Sprintf("%d: %d retries, %d duplicates, %d placements answered as a repeat", r.Requests, r.Retries, r.Duplicates, r.Replayed)})
	if r.CPUSeconds > 0 && r.Placed > 0 {
		t.AppendRow(table.Row{"Generator", fmt.Sprintf("%.2f ms of CPU per order", 1000*r.CPUSeconds/float64(r.Placed))})
	}
	return t.Render()
}

// Unchecked returns how many orders an interrupted load left unchecked, in words.
func Unchecked(r load.Report) string {
	return fmt.Sprintf("%d of %d orders were not checked", r.Unchecked, r.Placed)
}

// outcomes returns how the orders ended, and the latencies by kind of order.
func outcomes(r load.Report) string {
	ends := show.Table()
	ends.AppendHeader(table.Row{"Outcome", "Reason", "Orders"})
	for _, o := range r.Outcomes {
		ends.AppendRow(table.Row{o.Status, o.Reason, o.Count})
	}
	for _, c := range r.Cancels {
		ends.AppendRow(table.Row{"cancel answered", c.Name, c.Count})
	}

	asked := show.Numbers(2, 3, 4, 5, 6)
	asked.AppendHeader(table.Row{"Kind", "Placed", "Decided", "p50 ms", "p99 ms", "Max ms"})
	for _, k := range r.Kinds {
		l := k.Decision
		if l.Count == 0 {
			l = k.Recorded
		}
		asked.AppendRow(table.Row{k.Kind, k.Placed, k.Decided, ms(l.P50), ms(l.P99), ms(l.Max)})
	}
	return ends.Render() + "\n\n" + asked.Render()
}

func latencies(r load.Report) string {
	t := show.Numbers(2, 3, 4, 5, 6)
	t.AppendHeader(table.Row{"Latency", "Orders", "p50 ms", "p95 ms", "p99 ms", "Max ms"})
	for _, row := range []struct {
		name string
		load.Latency
	}{
		{"POST to acknowledgement", r.Acknowledgement},
		{"POST to decision, as the client saw it", r.Decision},
		{"POST to decision, as the order has it", r.Recorded},
		{"Sent later than it was due", r.StartDelay},
	} {
		if row.Count > 0 {
			t.AppendRow(table.Row{row.name, row.Count, ms(row.P50), ms(row.P95), ms(row.P99), ms(row.Max)})
		}
	}
	note := "From sending: in a closed loop coordinated omission is not accounted for."
	if r.Loop == "open" {
		note = "From when the order was due: coordinated omission is accounted for."
	}
	return t.Render() + "\n" + note
}

// overload returns what became of the orders of a platform that could not take all.
func overload(r load.Report) string {
	t := show.Numbers(2, 3)
	t.AppendHeader(table.Row{"Overload", "Orders", "Share"})
	row := func(name string, n, of int) {
		share := "-"
		if of > 0 {
			share = fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
		}
		t.AppendRow(table.Row{name, n, share})
	}
	row("placed", r.Placed, r.Placed)
	row("acknowledged", r.Acknowledged, r.Placed)
	row("  of these decided in time", r.Overload.InTime, r.Acknowledged)
	row("turned away, nothing was started", r.Overload.TurnedAway, r.Placed)
	row("unknown", r.Overload.Unknown, r.Placed)
	return t.Render() + fmt.Sprintf("\n%d requests were answered OVERLOADED: p50 %s ms, p99 %s ms.",
		r.Overload.Answers, ms(r.Overload.Refusal.P50), ms(r.Overload.Refusal.P99))
}

// classes compares the classes of requests, the one that gives way first at the bottom. A
// cancel without an answer is unknown, like an order.
func classes(r load.Report) string {
	t := show.Numbers(2, 3, 4, 5)
	t.AppendHeader(table.Row{"Class", "Asked", "Served", "Gave way", "Unknown"})
	cancels, unanswered := 0, 0
	for _, c := range r.Cancels {
		cancels += c.Count
		if c.Name == load.CancelUnanswered {
			unanswered = c.Count
		}
	}
	b := r.Browsing
	t.AppendRow(table.Row{"cancels", cancels, cancels - unanswered, 0, unanswered})
	t.AppendRow(table.Row{"placements", r.Placed, r.Acknowledged, r.Overload.TurnedAway, r.Overload.Unknown})
	t.AppendRow(table.Row{"browsing", b.Asked, b.Answered, b.GaveWay, b.Failed})
	return t.Render() + fmt.Sprintf("\nProducts were answered in p50 %s ms, p99 %s ms, and refused in p50 %s ms, p99 %s ms.",
		ms(b.Answer.P50), ms(b.Answer.P99), ms(b.Refusal.P50), ms(b.Refusal.P99))
}

func ms(f float64) string { return fmt.Sprintf("%.1f", f) }
