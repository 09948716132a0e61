// Package loadreport renders the report of a load.
package loadreport

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/proof/load"
)

// maxViolations bounds the rows of violations; standard error and --json have all.
const maxViolations = 20

// Write writes the report of a load.
func Write(s show.Screen, r load.Report) error {
	tables := []*show.Table{head(r), ends(r), kinds(r), latencies(r)}
	notes := []string{omission(r)}
	if r.Overload.Answers > 0 || r.GivenUp > 0 {
		tables = append(tables, overload(r))
		notes = append(notes, fmt.Sprintf("%d requests were answered OVERLOADED: p50 %s ms, p99 %s ms.",
			r.Overload.Answers, ms(r.Overload.Refusal.P50), ms(r.Overload.Refusal.P99)))
	}
	if b := r.Browsing; b.Asked > 0 {
		tables = append(tables, classes(r))
		notes = append(notes, fmt.Sprintf("Products were answered in p50 %s ms, p99 %s ms, and refused in p50 %s ms, p99 %s ms.",
			ms(b.Answer.P50), ms(b.Answer.P99), ms(b.Refusal.P50), ms(b.Refusal.P99)))
	}
	return errors.Join(s.Tables(append(tables, failures(r), violations(r))...), s.Note("%s", strings.Join(notes, "\n")))
}

func failures(r load.Report) *show.Table {
	t := show.NewTable(show.Prose("Failed request"), show.Text("Code"), show.Number("Times"))
	for _, e := range r.Errors {
		t.Row(e.Call, e.Code, e.Count)
	}
	return t
}

func violations(r load.Report) *show.Table {
	t := show.NewTable(show.Text("Wrong"), show.Prose("Order"), show.Text("Kind").Dispensable(1), show.Prose("Detail"))
	for i, v := range r.Violations {
		if i == maxViolations {
			t.Row("", fmt.Sprintf("and %d more", len(r.Violations)-i), "", "")
			break
		}
		t.Row(v.Fault, cmp.Or(v.OrderID, v.Key), v.Kind, v.Detail)
	}
	return t
}

func head(r load.Report) *show.Table {
	loop := fmt.Sprintf("closed: %d customers, each until %s", r.Concurrency, r.Until)
	if r.Loop == "open" {
		loop = fmt.Sprintf("open: %g orders/s, each until %s", r.Rate, r.Until)
	}
	seconds := func(s float64) time.Duration {
		return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond)
	}

	t := show.Pairs()
	t.Row("Load", r.Run+" on "+r.BaseURL)
	t.Row("Loop", loop)
	t.Row("Mix", fmt.Sprintf("%s; seed %d", cmp.Or(r.Mix.String(), "all plain"), r.Seed))
	t.Row("Took", fmt.Sprintf("%s, %s of it to place", seconds(r.TotalSeconds), seconds(r.PlacingSeconds)))
	t.Row("Placed", r.Placed)
	t.Row("Acknowledged", fmt.Sprintf("%d, %.1f/s", r.Acknowledged, r.AcknowledgedPerSecond))
	if r.Unchecked > 0 {
		t.Row("Decided", fmt.Sprintf("%d, as customers were told", r.Decided))
		t.Row("Interrupted", Unchecked(r))
	} else {
		t.Row("Decided", fmt.Sprintf("%d, %.1f/s", r.Decided, r.DecidedPerSecond))
	}
	if r.GivenUp > 0 {
		t.Row("Given up", fmt.Sprintf("%d were never acknowledged", r.GivenUp))
	}
	t.Row("Requests", fmt.Sprintf("%d: %d retries, %d duplicates, %d placements answered as a repeat", r.Requests, r.Retries, r.Duplicates, r.Replayed))
	if r.CPUSeconds > 0 && r.Placed > 0 {
		t.Row("Generator", fmt.Sprintf("%.2f ms of CPU per order", 1000*r.CPUSeconds/float64(r.Placed)))
	}
	return t
}

// Unchecked returns how many orders an interrupted load left unchecked, in words.
func Unchecked(r load.Report) string {
	return fmt.Sprintf("%d of %d orders were not checked", r.Unchecked, r.Placed)
}

// ends returns how the orders ended.
func ends(r load.Report) *show.Table {
	t := show.NewTable(show.Text("Outcome"), show.Prose("Reason"), show.Number("Orders"))
	for _, o := range r.Outcomes {
		t.Row(show.State(o.Status), o.Reason, o.Count)
	}
	for _, c := range r.Cancels {
		t.Row("cancel answered", c.Name, c.Count)
	}
	return t
}

// kinds returns the latencies by kind of order.
func kinds(r load.Report) *show.Table {
	t := show.NewTable(show.Text("Kind"), show.Number("Placed"), show.Number("Decided"), show.Number("p50 ms"), show.Number("p99 ms"), show.Number("Max ms"))
	for _, k := range r.Kinds {
		l := k.Decision
		if l.Count == 0 {
			l = k.Recorded
		}
		t.Row(k.Kind, k.Placed, k.Decided, ms(l.P50), ms(l.P99), ms(l.Max))
	}
	return t
}

func latencies(r load.Report) *show.Table {
	t := show.NewTable(
		show.Prose("Latency"), show.Number("Orders"), show.Number("p50 ms"), show.Number("p95 ms").Dispensable(1), show.Number("p99 ms"), show.Number("Max ms"),
	)
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
			t.Row(row.name, row.Count, ms(row.P50), ms(row.P95), ms(row.P99), ms(row.Max))
		}
	}
	return t
}

// omission says where the latencies begin.
func omission(r load.Report) string {
	if r.Loop == "open" {
		return "From when the order was due: coordinated omission is accounted for."
	}
	return "From sending: in a closed loop coordinated omission is not accounted for."
}

// overload returns what became of the orders of a platform that could not take all.
func overload(r load.Report) *show.Table {
	t := show.NewTable(show.Prose("Overload"), show.Number("Orders"), show.Number("Share"))
	row := func(name string, n, of int) {
		share := "-"
		if of > 0 {
			share = fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
		}
		t.Row(name, n, share)
	}
	row("placed", r.Placed, r.Placed)
	row("acknowledged", r.Acknowledged, r.Placed)
	row("  of these decided in time", r.Overload.InTime, r.Acknowledged)
	row("turned away, nothing was started", r.Overload.TurnedAway, r.Placed)
	row("unknown", r.Overload.Unknown, r.Placed)
	return t
}

// classes compares the classes of requests, the one that gives way first at the bottom. A
// cancel without an answer is unknown, like an order.
func classes(r load.Report) *show.Table {
	t := show.NewTable(show.Text("Class"), show.Number("Asked"), show.Number("Served"), show.Number("Gave way"), show.Number("Unknown"))
	cancels, unanswered := 0, 0
	for _, c := range r.Cancels {
		cancels += c.Count
		if c.Name == load.CancelUnanswered {
			unanswered = c.Count
		}
	}
	b := r.Browsing
	t.Row("cancels", cancels, cancels-unanswered, 0, unanswered)
	t.Row("placements", r.Placed, r.Acknowledged, r.Overload.TurnedAway, r.Overload.Unknown)
	t.Row("browsing", b.Asked, b.Answered, b.GaveWay, b.Failed)
	return t
}

func ms(f float64) string { return fmt.Sprintf("%.1f", f) }
