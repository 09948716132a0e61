// Package orderview renders orders: one with its saga, or a list of those that
// need an operator.
package orderview

import (
	"cmp"
	"fmt"
	"time"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Write writes an order, the steps of its saga, and the repairs, waivers and
// acknowledgements that operators recorded. words explain why it needs attention.
func Write(s show.Screen, o workflows.OrderView, words watch.Words) error {
	return WriteHolding(s, o, "", words)
}

// WriteHolding is [Write] with the holdings of the order in words, "" if they are not known.
func WriteHolding(s show.Screen, o workflows.OrderView, holds string, words watch.Words) error {
	return s.Tables(head(o, holds), steps(o), attention(o, words), repairs(o), waivers(o), acknowledgements(o))
}

func head(o workflows.OrderView, holds string) *show.Table {
	total := "not quoted"
	if o.Total != nil {
		total = o.Total.String()
	}
	status := show.State(o.Status)
	if o.Reason != "" {
		status += ", " + show.State(o.Reason)
	}
	t := show.Pairs()
	t.Row("Order", o.ID)
	t.Row("Status", status)
	t.Row("Style", cmp.Or(o.Style, order.Orchestrated))
	t.Row("Customer", o.CustomerID)
	t.Row("Total", total)
	if o.Refunded != nil {
		t.Row("Paid back", o.Refunded)
	}
	if holds != "" {
		t.Row("Holds", holds)
	}
	t.Row("Placed", show.Stamp(o.CreatedAt))
	for _, l := range o.Lines {
		t.Row("Line", fmt.Sprintf("%d × %s", l.Quantity, l.SKU))
	}
	for _, p := range o.Parcels {
		t.Row("Parcel", fmt.Sprintf("%s %s %s", p.Warehouse, p.TrackingNumber, p.State))
	}
	return t
}

func steps(o workflows.OrderView) *show.Table {
	t := show.NewTable(
		show.Text("Step"), show.Text("State"), show.Number("Attempts").Dispensable(1), show.Moment("Started").Dispensable(3), show.Text("Took").Dispensable(2),
		show.Prose("Last error"), show.Prose("Owed now"),
	)
	for _, s := range o.Steps {
		started, took := "", ""
		if s.StartedAt != nil {
			started = show.Stamp(*s.StartedAt)
			if s.EndedAt != nil {
				took = s.EndedAt.Sub(*s.StartedAt).Round(time.Millisecond).String()
			}
		}
		t.Row(s.Name, show.State(s.State), s.Attempts, started, took, s.Error, s.Exposure)
	}
	return t
}

// refundOf is the column of the refund whose step a row is of, if it is of one.
func refundOf() show.Column { return show.Text("Of refund").Dispensable(1) }

func attention(o workflows.OrderView, words watch.Words) *show.Table {
	t := show.NewTable(
		show.Text("Needs attention"), refundOf(), show.Prose("Code"), show.Moment("Since").Dispensable(2), show.Prose("Why"), show.Prose("Owed"),
	)
	if !o.NeedsAttention {
		return t
	}
	for _, a := range o.Attention {
		t.Row(a.Step, a.Saga, a.Code, show.Stamp(a.Since), words.Explain(a.Step, a.Code, a.Kind), a.Owed)
	}
	return t
}

func repairs(o workflows.OrderView) *show.Table {
	t := show.NewTable(
		show.Text("Repair"), refundOf(), show.Text("Action"), show.Moment("At").Dispensable(2), show.Prose("By"), show.Prose("Why"), show.Prose("Reference"),
	)
	for _, r := range o.Repairs {
		t.Row(r.Step, r.Saga, r.Action, show.Stamp(r.At), r.Operator, r.Reason, r.Reference)
	}
	return t
}

func waivers(o workflows.OrderView) *show.Table {
	t := show.NewTable(
		show.Text("Waived"), show.Prose("Code"), show.Prose("Owed then"), show.Moment("At").Dispensable(1), show.Prose("By"), show.Prose("Why"), show.Prose("Reference"),
	)
	for _, w := range o.Waivers {
		t.Row(w.Step, w.Code, w.Owed, show.Stamp(w.At), w.Operator, w.Reason, w.Reference)
	}
	return t
}

func acknowledgements(o workflows.OrderView) *show.Table {
	t := show.NewTable(
		show.Text("Acknowledged"), refundOf(), show.Prose("Code"), show.Moment("Since").Dispensable(3), show.Moment("At").Dispensable(2),
		show.Prose("By"), show.Prose("Why"), show.Prose("Reference"),
	)
	for _, a := range o.Acknowledgements {
		for _, f := range a.Flags {
			t.Row(f.Step, f.Saga, f.Code, show.Stamp(f.Since), show.Stamp(a.At), a.Operator, a.Reason, a.Reference)
		}
	}
	return t
}
