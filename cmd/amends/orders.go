package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/worker"
)

// listing is what `amends orders` was asked for.
type listing struct {
	attention, acknowledged, stuck, json bool
	status                               string
	limit                                int
}

func ordersCommand(std stdio) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "orders --needs-attention | --acknowledged | --stuck",
		Short: "List the orders that somebody should look at",
		Long: "List the orders that somebody should look at, from the order service's own database:\n\n" +
			"  --needs-attention  what their sagas have flagged: a step that makes no progress, why, and what is owed\n" +
			"  --acknowledged     those of them that somebody has looked at: who, when, why, and at what\n" +
			"  --stuck            undecided orders on which nothing works, as the engine tells\n\n" +
			"What was waived is listed beside what still needs attention.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := l.check(); err != nil {
				return err
			}
			if l.stuck {
				return std.listStuck(cmd, l)
			}
			return std.listFlagged(cmd, l)
		},
	}
	cmd.Flags().BoolVar(&l.attention, "needs-attention", false, "orders that are flagged")
	cmd.Flags().BoolVar(&l.acknowledged, "acknowledged", false, "decided orders whose flags somebody has acknowledged, the latest first")
	cmd.Flags().BoolVar(&l.stuck, "stuck", false, "undecided orders that make no progress")
	cmd.Flags().StringVar(&l.status, "status", "", "of those that are flagged or acknowledged only these: PENDING, CONFIRMED or CANCELLED")
	cmd.Flags().IntVar(&l.limit, "limit", 100, "how many to list, 1 to 1000: those that wait longest, or the latest acknowledged")
	cmd.Flags().BoolVar(&l.json, "json", false, "print JSON")
	config.AddFlags(cmd.Flags(), append(append([]string{}, whereKeys...), engineKeys...)...)
	return cmd
}

func (l listing) check() error {
	var problems []error
	asked := 0
	for _, given := range []bool{l.attention, l.acknowledged, l.stuck} {
		if given {
			asked++
		}
	}
	if asked != 1 {
		problems = append(problems, errors.New("orders: give either --needs-attention or --stuck or --acknowledged"))
	}
	if l.stuck && l.status != "" {
		problems = append(problems, errors.New("orders: --status is for --needs-attention: what is stuck is PENDING"))
	}
	if l.limit < 1 || l.limit > 1000 {
		problems = append(problems, fmt.Errorf("orders: --limit must be from 1 to 1000, is %d", l.limit))
	}
	return errors.Join(problems...)
}

func (std stdio) listFlagged(cmd *cobra.Command, l listing) error {
	o, err := std.tool(cmd, "order")
	if err != nil {
		return err
	}
	var found []watch.FlaggedOrder
	var all int
	err = worker.WithWatch(cmd.Context(), o, nil, func(w *watch.Watch) (err error) {
		list := w.Flagged
		if l.acknowledged {
			list = w.Acknowledged
		}
		found, all, err = list(cmd.Context(), l.status, l.limit)
		return err
	})
	if err != nil {
		return err
	}
	if l.json {
		return writeJSON(std.out, struct {
			Orders []watch.FlaggedOrder `json:"orders"`
			Total  int                  `json:"total"`
		}{found, all})
	}
	if len(found) == 0 {
		none := "no order needs attention"
		if l.acknowledged {
			none = "no order was acknowledged"
		}
		_, err := fmt.Fprintln(std.out, none)
		return err
	}
	return renderFlagged(std.out, found, all)
}

func (std stdio) listStuck(cmd *cobra.Command, l listing) error {
	c, err := std.load(cmd, config.Needs{Temporal: true})
	if err != nil {
		return err
	}
	o, err := std.tool(cmd, "order")
	if err != nil {
		return err
	}
	o.Stuck.Limit = max(o.Stuck.Limit, l.limit)
	client, err := std.dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	defer client.Close()
	var report watch.StuckReport
	err = worker.WithWatch(cmd.Context(), o, client, func(w *watch.Watch) (err error) {
		report, err = w.Stuck(cmd.Context())
		return err
	})
	if err != nil {
		return err
	}
	all := len(report.Orders)
	report.Orders = report.Orders[:min(l.limit, all)]
	if l.json {
		return writeJSON(std.out, struct {
			watch.StuckReport
			Total int `json:"total"`
		}{report, all})
	}
	return renderStuck(std.out, report, all)
}

// renderFlagged writes one line per flag, and what was waived and acknowledged of
// these orders.
func renderFlagged(w io.Writer, found []watch.FlaggedOrder, all int) error {
	flags, waivers, looked := newTable("Why"), newTable("Why"), newTable("Why")
	flags.AppendHeader(table.Row{"Order", "Status", "Since", "Step", "Code", "Why", "Owed now"})
	waivers.AppendHeader(table.Row{"Order", "Waived", "Owed then", "At", "By", "Why", "Reference"})
	looked.AppendHeader(table.Row{"Order", "Status", "Acknowledged", "Code", "At", "By", "Why", "Reference"})
	for _, o := range found {
		for _, a := range o.Attention {
			flags.AppendRow(table.Row{o.ID, o.Status, stamp(a.Since), a.Step, a.Code, a.Reason, a.Owed})
		}
		for _, v := range o.Waivers {
			waivers.AppendRow(table.Row{o.ID, v.Step, v.Owed, stamp(v.At), v.Operator, v.Reason, v.Reference})
		}
		for _, a := range o.Acknowledgements {
			for _, f := range a.Flags {
				looked.AppendRow(table.Row{o.ID, o.Status, f.Step, f.Code, stamp(a.At), a.Operator, a.Reason, a.Reference})
			}
		}
	}
	var tables []string
	for _, t := range []table.Writer{flags, waivers, looked} {
		if t.Length() > 0 {
			tables = append(tables, t.Render()+"\n")
		}
	}
	out := strings.Join(tables, "\n")
	if more := all - len(found); more > 0 {
		out += fmt.Sprintf("\n%d more: raise --limit\n", more)
	}
	_, err := io.WriteString(w, out)
	return err
}

// renderStuck writes one line per symptom.
func renderStuck(w io.Writer, report watch.StuckReport, all int) error {
	out := "no order is stuck\n"
	if all > 0 {
		symptoms := newTable("Why")
		symptoms.AppendHeader(table.Row{"Order", "Placed", "Cause", "Since", "Why"})
		for _, o := range report.Orders {
			for _, s := range o.Symptoms {
				symptoms.AppendRow(table.Row{o.ID, stamp(o.PlacedAt), s.Cause, stamp(s.Since), s.Reason})
			}
		}
		out = symptoms.Render() + "\n"
	}
	if more := all - len(report.Orders); more > 0 {
		out += fmt.Sprintf("\n%d more: raise --limit\n", more)
	}
	if report.Unexamined > 0 {
		out += fmt.Sprintf("\n%d younger undecided orders were not looked at: raise --limit\n", report.Unexamined)
	}
	_, err := io.WriteString(w, out)
	return err
}
