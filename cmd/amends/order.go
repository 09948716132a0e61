package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	prettytext "github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/workflows"
)

// queryTimeout bounds how long an order's workflow may take to answer.
const queryTimeout = 10 * time.Second

func orderCommand(std stdio) *cobra.Command {
	cmd := group("order", "Orders and their sagas")
	var asJSON bool
	show := &cobra.Command{
		Use:   "show ID",
		Short: "Show an order and its saga: steps, undo, what is owed",
		Args:  exactly("order show needs the order's id", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := std.load(cmd, config.Needs{Temporal: true})
			if err != nil {
				return err
			}
			client, err := std.dial(c, slog.New(slog.DiscardHandler), nil)
			if err != nil {
				return err
			}
			defer client.Close()
			view, err := queryOrder(cmd.Context(), client, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(std.out, view)
			}
			return renderOrder(std.out, view)
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "print the order as JSON")
	config.AddFlags(show.Flags(), engineKeys...)
	cmd.AddCommand(show)
	return cmd
}

// queryOrder asks the order's workflow, which answers also after it has closed.
func queryOrder(ctx context.Context, client *engine.Client, id string) (workflows.OrderView, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	id = strings.TrimPrefix(id, workflows.WorkflowID("")) // lists and logs have the workflow's
	if err := client.Check(ctx); err != nil {
		return workflows.OrderView{}, err
	}
	view, err := orders.New(orders.Config{QueryTimeout: queryTimeout}, client).Ask(ctx, id)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return view, fmt.Errorf("no order %q, or its workflow is past its retention", id)
	case err != nil:
		return view, fmt.Errorf("order %q: no worker of the order service answers: %w", id, err)
	}
	return view, nil
}

// renderOrder writes the order and its saga as tables.
func renderOrder(w io.Writer, o workflows.OrderView) error {
	total := "not quoted"
	if o.Total != nil {
		total = o.Total.String()
	}
	status := string(o.Status)
	if o.Reason != "" {
		status += ", " + string(o.Reason)
	}
	head := newTable()
	head.AppendRow(table.Row{"Order", o.ID})
	head.AppendRow(table.Row{"Status", status})
	head.AppendRow(table.Row{"Customer", o.CustomerID})
	head.AppendRow(table.Row{"Total", total})
	head.AppendRow(table.Row{"Placed", stamp(o.CreatedAt)})
	for _, l := range o.Lines {
		head.AppendRow(table.Row{"Line", fmt.Sprintf("%d × %s", l.Quantity, l.SKU)})
	}
	for _, p := range o.Parcels {
		head.AppendRow(table.Row{"Parcel", fmt.Sprintf("%s %s %s", p.Warehouse, p.TrackingNumber, p.State)})
	}

	steps := newTable()
	steps.AppendHeader(table.Row{"Step", "State", "Attempts", "Started", "Took", "Last error", "Owed now"})
	for _, s := range o.Steps {
		started, took := "", ""
		if s.StartedAt != nil {
			started = stamp(*s.StartedAt)
			if s.EndedAt != nil {
				took = s.EndedAt.Sub(*s.StartedAt).Round(time.Millisecond).String()
			}
		}
		steps.AppendRow(table.Row{s.Name, s.State, s.Attempts, started, took, s.Error, s.Exposure})
	}
	out := head.Render() + "\n\n" + steps.Render() + "\n"
	if o.NeedsAttention {
		attention := newTable("Why")
		attention.AppendHeader(table.Row{"Needs attention", "Code", "Since", "Why", "Owed"})
		for _, a := range o.Attention {
			attention.AppendRow(table.Row{a.Step, a.Code, stamp(a.Since), worker.Words().Explain(a.Step, a.Code, a.Kind), a.Owed})
		}
		out += "\n" + attention.Render() + "\n"
	}
	if len(o.Repairs) > 0 {
		repairs := newTable("Why")
		repairs.AppendHeader(table.Row{"Repair", "Action", "At", "By", "Why", "Reference"})
		for _, r := range o.Repairs {
			repairs.AppendRow(table.Row{r.Step, r.Action, stamp(r.At), r.Operator, r.Reason, r.Reference})
		}
		out += "\n" + repairs.Render() + "\n"
	}
	if len(o.Waivers) > 0 {
		waivers := newTable("Why")
		waivers.AppendHeader(table.Row{"Waived", "Code", "Owed then", "At", "By", "Why", "Reference"})
		for _, w := range o.Waivers {
			waivers.AppendRow(table.Row{w.Step, w.Code, w.Owed, stamp(w.At), w.Operator, w.Reason, w.Reference})
		}
		out += "\n" + waivers.Render() + "\n"
	}
	if len(o.Acknowledgements) > 0 {
		looked := newTable("Why")
		looked.AppendHeader(table.Row{"Acknowledged", "Code", "Since", "At", "By", "Why", "Reference"})
		for _, a := range o.Acknowledgements {
			for _, f := range a.Flags {
				looked.AppendRow(table.Row{f.Step, f.Code, stamp(f.Since), stamp(a.At), a.Operator, a.Reason, a.Reference})
			}
		}
		out += "\n" + looked.Render() + "\n"
	}
	_, err := io.WriteString(w, out)
	return err
}

// widest is how wide a column of words may get.
const widest = 60

// newTable returns a table in which the columns of words are wrapped.
func newTable(words ...string) table.Writer {
	t := table.NewWriter()
	var columns []table.ColumnConfig
	for _, name := range words {
		columns = append(columns, table.ColumnConfig{Name: name, WidthMax: widest, WidthMaxEnforcer: prettytext.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	style := table.StyleLight
	style.Options = table.Options{SeparateColumns: true, SeparateHeader: true}
	t.SetStyle(style)
	return t
}

// stamp is a time as people on call compare it with a log.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000Z") }
