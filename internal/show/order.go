package show

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/workflows"
)

// Order writes an order, the steps of its saga, and the repairs, waivers and
// acknowledgements that operators recorded. words explain why it needs attention.
func Order(w io.Writer, o workflows.OrderView, words watch.Words) error {
	_, err := io.WriteString(w, orderHead(o).Render()+"\n\n"+orderSteps(o).Render()+"\n")
	if err != nil {
		return err
	}
	notes := blocks(orderAttention(o, words), orderRepairs(o), orderWaivers(o), orderAcknowledgements(o))
	if notes == "" {
		return nil
	}
	_, err = io.WriteString(w, "\n"+notes)
	return err
}

func orderHead(o workflows.OrderView) table.Writer {
	total := "not quoted"
	if o.Total != nil {
		total = o.Total.String()
	}
	status := string(o.Status)
	if o.Reason != "" {
		status += ", " + string(o.Reason)
	}
	t := newTable()
	t.AppendRow(table.Row{"Order", o.ID})
	t.AppendRow(table.Row{"Status", status})
	t.AppendRow(table.Row{"Customer", o.CustomerID})
	t.AppendRow(table.Row{"Total", total})
	t.AppendRow(table.Row{"Placed", stamp(o.CreatedAt)})
	for _, l := range o.Lines {
		t.AppendRow(table.Row{"Line", fmt.Sprintf("%d × %s", l.Quantity, l.SKU)})
	}
	for _, p := range o.Parcels {
		t.AppendRow(table.Row{"Parcel", fmt.Sprintf("%s %s %s", p.Warehouse, p.TrackingNumber, p.State)})
	}
	return t
}

func orderSteps(o workflows.OrderView) table.Writer {
	t := newTable()
	t.AppendHeader(table.Row{"Step", "State", "Attempts", "Started", "Took", "Last error", "Owed now"})
	for _, s := range o.Steps {
		started, took := "", ""
		if s.StartedAt != nil {
			started = stamp(*s.StartedAt)
			if s.EndedAt != nil {
				took = s.EndedAt.Sub(*s.StartedAt).Round(time.Millisecond).String()
			}
		}
		t.AppendRow(table.Row{s.Name, s.State, s.Attempts, started, took, s.Error, s.Exposure})
	}
	return t
}

func orderAttention(o workflows.OrderView, words watch.Words) table.Writer {
	t := newTable("Why")
	t.AppendHeader(table.Row{"Needs attention", "Code", "Since", "Why", "Owed"})
	if !o.NeedsAttention {
		return t
	}
	for _, a := range o.Attention {
		t.AppendRow(table.Row{a.Step, a.Code, stamp(a.Since), words.Explain(a.Step, a.Code, a.Kind), a.Owed})
	}
	return t
}

func orderRepairs(o workflows.OrderView) table.Writer {
	t := newTable("Why")
	t.AppendHeader(table.Row{"Repair", "Action", "At", "By", "Why", "Reference"})
	for _, r := range o.Repairs {
		t.AppendRow(table.Row{r.Step, r.Action, stamp(r.At), r.Operator, r.Reason, r.Reference})
	}
	return t
}

func orderWaivers(o workflows.OrderView) table.Writer {
	t := newTable("Why")
	t.AppendHeader(table.Row{"Waived", "Code", "Owed then", "At", "By", "Why", "Reference"})
	for _, w := range o.Waivers {
		t.AppendRow(table.Row{w.Step, w.Code, w.Owed, stamp(w.At), w.Operator, w.Reason, w.Reference})
	}
	return t
}

func orderAcknowledgements(o workflows.OrderView) table.Writer {
	t := newTable("Why")
	t.AppendHeader(table.Row{"Acknowledged", "Code", "Since", "At", "By", "Why", "Reference"})
	for _, a := range o.Acknowledgements {
		for _, f := range a.Flags {
			t.AppendRow(table.Row{f.Step, f.Code, stamp(f.Since), stamp(a.At), a.Operator, a.Reason, a.Reference})
		}
	}
	return t
}
