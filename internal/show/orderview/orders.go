package orderview

import (
	"errors"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/stuck"
)

// Flagged writes a row for each flag of the orders, then the waivers and the
// acknowledgements of the same orders. total counts the matching orders; those
// that the list leaves out are mentioned at its end.
func Flagged(s show.Screen, orders []watch.FlaggedOrder, total int) error {
	flags := show.NewTable(
		show.OrderID("Order"), refundOf(), show.Text("Status").Dispensable(3), show.Moment("Since").Dispensable(2), show.Text("Step"),
		show.Prose("Code"), show.Prose("Why"), show.Prose("Owed now"),
	)
	waivers := show.NewTable(
		show.OrderID("Order"), show.Text("Waived"), show.Prose("Owed then"), show.Moment("At").Dispensable(2), show.Prose("By").Dispensable(1),
		show.Prose("Why"), show.Prose("Reference"),
	)
	acknowledged := show.NewTable(
		show.OrderID("Order"), refundOf(), show.Text("Status").Dispensable(3), show.Text("Acknowledged"), show.Prose("Code"),
		show.Moment("At").Dispensable(2), show.Prose("By").Dispensable(1), show.Prose("Why"), show.Prose("Reference"),
	)
	for _, o := range orders {
		for _, a := range o.Attention {
			flags.Row(o.ID, a.Saga, show.State(o.Status), show.Stamp(a.Since), a.Step, a.Code, a.Reason, a.Owed)
		}
		for _, v := range o.Waivers {
			waivers.Row(o.ID, v.Step, v.Owed, show.Stamp(v.At), v.Operator, v.Reason, v.Reference)
		}
		for _, a := range o.Acknowledgements {
			for _, f := range a.Flags {
				acknowledged.Row(o.ID, f.Saga, show.State(o.Status), f.Step, f.Code, show.Stamp(a.At), a.Operator, a.Reason, a.Reference)
			}
		}
	}
	return errors.Join(s.Tables(flags, waivers, acknowledged), leftOut(s, total-len(orders)))
}

// Stuck writes a row for each symptom of the stuck orders. total counts the
// stuck orders, including those that the report leaves out.
func Stuck(s show.Screen, report stuck.Report, total int) error {
	t := show.NewTable(
		show.OrderID("Order"), refundOf(), show.Moment("Placed").Dispensable(1), show.Text("Cause"), show.Moment("Since"), show.Prose("Why"),
	)
	for _, o := range report.Orders {
		for _, symptom := range o.Symptoms {
			t.Row(o.ID, o.Refund, show.Stamp(o.PlacedAt), symptom.Cause, show.Stamp(symptom.Since), symptom.Reason)
		}
	}
	problems := []error{s.Tables(t), leftOut(s, total-len(report.Orders))}
	if total == 0 {
		problems = append(problems, s.Note("no order is stuck"))
	}
	if report.Unexamined > 0 {
		problems = append(problems, s.Note("%d younger undecided orders were not examined: raise --limit", report.Unexamined))
	}
	return errors.Join(problems...)
}

// leftOut mentions n orders that are missing from a list.
func leftOut(s show.Screen, n int) error {
	if n <= 0 {
		return nil
	}
	return s.Note("%d more: raise --limit", n)
}
