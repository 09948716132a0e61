package orderview

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/stuck"
)

// Flagged writes a row for each flag of the orders, then the waivers and the
// acknowledgements of the same orders. total counts the matching orders; those
// that the list leaves out are mentioned at its end.
func Flagged(w io.Writer, orders []watch.FlaggedOrder, total int) error {
	flags, waivers, acknowledged := show.Table("Why"), show.Table("Why"), show.Table("Why")
	flags.AppendHeader(table.Row{"Order", "Status", "Since", "Step", "Code", "Why", "Owed now"})
	waivers.AppendHeader(table.Row{"Order", "Waived", "Owed then", "At", "By", "Why", "Reference"})
	acknowledged.AppendHeader(table.Row{"Order", "Status", "Acknowledged", "Code", "At", "By", "Why", "Reference"})
	for _, o := range orders {
		for _, a := range o.Attention {
			flags.AppendRow(table.Row{o.ID, o.Status, show.Stamp(a.Since), named(a.Step, a.Saga), a.Code, a.Reason, a.Owed})
		}
		for _, v := range o.Waivers {
			waivers.AppendRow(table.Row{o.ID, v.Step, v.Owed, show.Stamp(v.At), v.Operator, v.Reason, v.Reference})
		}
		for _, a := range o.Acknowledgements {
			for _, f := range a.Flags {
				acknowledged.AppendRow(table.Row{o.ID, o.Status, named(f.Step, f.Saga), f.Code, show.Stamp(a.At), a.Operator, a.Reason, a.Reference})
			}
		}
	}
	_, err := io.WriteString(w, show.Blocks(flags, waivers, acknowledged)+leftOut(total-len(orders)))
	return err
}

// Stuck writes a row for each symptom of the stuck orders. total counts the
// stuck orders, including those that the report leaves out.
func Stuck(w io.Writer, report stuck.Report, total int) error {
	out := "no order is stuck\n"
	if total > 0 {
		t := show.Table("Why")
		t.AppendHeader(table.Row{"Order", "Placed", "Cause", "Since", "Why"})
		for _, o := range report.Orders {
			for _, s := range o.Symptoms {
				t.AppendRow(table.Row{named(o.ID, o.Refund), show.Stamp(o.PlacedAt), s.Cause, show.Stamp(s.Since), s.Reason})
			}
		}
		out = t.Render() + "\n"
	}
	out += leftOut(total - len(report.Orders))
	if report.Unexamined > 0 {
		out += fmt.Sprintf("\n%d younger undecided orders were not examined: raise --limit\n", report.Unexamined)
	}
	_, err := io.WriteString(w, out)
	return err
}

// named returns a name with the id of the refund that it is of, if it is of one.
func named(name, refund string) string {
	if refund == "" {
		return name
	}
	return name + "\nof refund " + refund
}

// leftOut returns the line that mentions n orders missing from a list, or "".
func leftOut(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("\n%d more: raise --limit\n", n)
}
