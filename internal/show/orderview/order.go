// Package orderview renders orders: one with its saga, or a list of those that
// need an operator.
package orderview

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Write writes an order, the steps of its saga, and the repairs, waivers and
// acknowledgements that operators recorded. words explain why it needs attention.
func Write(w io.Writer, o workflows.OrderView, words watch.Words) error {
	_, err := io.WriteString(w, head(o).Render()+"\n\n"+steps(o).Render()+"\n")
	if err != nil {
		return err
	}
	notes := show.Blocks(attention(o, words), repairs(o), waivers(o), acknowledgements(o))
	if notes == "" {
		return nil
	}
	_, err = io.WriteString(w, "\n"+notes)
	return err
}

func head(o workflows.OrderView) table.Writer {
	total := "not quoted"
	if o.Total != nil {
		total = o.Total.String()
	}
	status := string(o.Status)
	if o.Reason != "" {
		status += ", " + string(o.Reason)
	}
	t := show.Table()
	t.AppendRow(table.Row{"Order", o.ID})
	t.AppendRow(table.Row{"Status", status})
	t.AppendRow(table.Row{"Style", string(cmp.Or(o.Style, order.Orchestrated))})
	t.AppendRow(table.Row{"Customer", o.CustomerID})
	t.AppendRow(table.Row{"Total", total})
	if o.Refunded != nil {
		t.AppendRow(table.Row{"Paid back", o.Refunded.String()})
	}
	t.AppendRow(table.Row{"Placed", show.Stamp(o.CreatedAt)})
	for _, l := range o.Lines {
		t.AppendRow(table.Row{"Line", fmt.Sprintf("%d × %s", l.Quantity, l.SKU)})
	}
	for _, p := range o.Parcels {
		t.AppendRow(table.Row{"Parcel", fmt.Sprintf("%s %s %s", p.Warehouse, p.TrackingNumber, p.State)})
	}
	return t
}

func steps(o workflows.OrderView) table.Writer {
	t := show.Table()
	t.AppendHeader(table.Row{"Step", "State", "Attempts", "Started", "Took", "Last error", "Owed now"})
	for _, s := range o.Steps {
		started, took := "", ""
		if s.StartedAt != nil {
			started = show.Stamp(*s.StartedAt)
			if s.EndedAt != nil {
				took = s.EndedAt.Sub(*s.StartedAt).Round(time.Millisecond).String()
			}
		}
		t.AppendRow(table.Row{s.Name, s.State, s.Attempts, started, took, s.Error, s.Exposure})
	}
	return t
}

func attention(o workflows.OrderView, words watch.Words) table.Writer {
	t := show.Table("Why")
	t.AppendHeader(table.Row{"Needs attention", "Code", "Since", "Why", "Owed"})
	if !o.NeedsAttention {
		return t
	}
	for _, a := range o.Attention {
		t.AppendRow(table.Row{named(a.Step, a.Saga), a.Code, show.Stamp(a.Since), words.Explain(a.Step, a.Code, a.Kind), a.Owed})
	}
	return t
}

func repairs(o workflows.OrderView) table.Writer {
	t := show.Table("Why")
	t.AppendHeader(table.Row{"Repair", "Action", "At", "By", "Why", "Reference"})
	for _, r := range o.Repairs {
		t.AppendRow(table.Row{named(r.Step, r.Saga), r.Action, show.Stamp(r.At), r.Operator, r.Reason, r.Reference})
	}
	return t
}

func waivers(o workflows.OrderView) table.Writer {
	t := show.Table("Why")
	t.AppendHeader(table.Row{"Waived", "Code", "Owed then", "At", "By", "Why", "Reference"})
	for _, w := range o.Waivers {
		t.AppendRow(table.Row{w.Step, w.Code, w.Owed, show.Stamp(w.At), w.Operator, w.Reason, w.Reference})
	}
	return t
}

func acknowledgements(o workflows.OrderView) table.Writer {
	t := show.Table("Why")
	t.AppendHeader(table.Row{"Acknowledged", "Code", "Since", "At", "By", "Why", "Reference"})
	for _, a := range o.Acknowledgements {
		for _, f := range a.Flags {
			t.AppendRow(table.Row{named(f.Step, f.Saga), f.Code, show.Stamp(f.Since), show.Stamp(a.At), a.Operator, a.Reason, a.Reference})
		}
	}
	return t
}
