package orders

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/orderview"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/worker"
)

// listing holds the flags of `amends orders`.
type listing struct {
	attention, acknowledged, stuck, json bool
	status                               string
	limit                                int
}

// Orders returns `amends orders`.
func Orders(std cli.Stdio) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "orders --needs-attention | --acknowledged | --stuck",
		Short: "List the orders that need an operator",
		Long: "List the orders that need an operator, from the order service's own database:\n\n" +
			"  --needs-attention  flagged orders: the step that makes no progress, why, and what it holds\n" +
			"  --acknowledged     orders whose flags an operator has reviewed: who, when, why, and which flags\n" +
			"  --stuck            undecided orders that make no progress, according to the engine\n\n" +
			"Waivers are listed beside the flags of the same orders.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := l.check(); err != nil {
				return err
			}
			if l.stuck {
				return listStuck(cmd, std, l)
			}
			return listFlagged(cmd, std, l)
		},
	}
	cmd.Flags().BoolVar(&l.attention, "needs-attention", false, "flagged orders")
	cmd.Flags().BoolVar(&l.acknowledged, "acknowledged", false, "finished orders whose flags an operator has acknowledged, the latest first")
	cmd.Flags().BoolVar(&l.stuck, "stuck", false, "undecided orders that make no progress")
	cmd.Flags().StringVar(&l.status, "status", "", "list only flagged or acknowledged orders of this status: PENDING, CONFIRMED or CANCELLED")
	cmd.Flags().IntVar(&l.limit, "limit", 100, "how many to list, 1 to 1000: the longest waiting, or the latest acknowledged")
	cmd.Flags().BoolVar(&l.json, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	cli.AddEngineFlags(cmd)
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
		problems = append(problems, errors.New("orders: --status does not go with --stuck: a stuck order is PENDING"))
	}
	if l.limit < 1 || l.limit > 1000 {
		problems = append(problems, fmt.Errorf("orders: --limit must be from 1 to 1000, is %d", l.limit))
	}
	return errors.Join(problems...)
}

func listFlagged(cmd *cobra.Command, std cli.Stdio, l listing) error {
	o, err := dsn.Tool(std, cmd, "order")
	if err != nil {
		return err
	}
	var found []watch.FlaggedOrder
	var all int
	err = worker.WithWatch(cmd.Context(), o, func(w *watch.Watch) (err error) {
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
		return show.JSON(std.Out, struct {
			Orders []watch.FlaggedOrder `json:"orders"`
			Total  int                  `json:"total"`
		}{found, all})
	}
	if len(found) == 0 {
		none := "no order needs attention"
		if l.acknowledged {
			none = "no order was acknowledged"
		}
		_, err := fmt.Fprintln(std.Out, none)
		return err
	}
	return orderview.Flagged(std.Out, found, all)
}

func listStuck(cmd *cobra.Command, std cli.Stdio, l listing) error {
	c, err := std.Load(cmd, config.Needs{Temporal: true})
	if err != nil {
		return err
	}
	o, err := dsn.Tool(std, cmd, "order")
	if err != nil {
		return err
	}
	o.Stuck.Limit = max(o.Stuck.Limit, l.limit)
	client, err := std.Dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	defer client.Close()
	var report stuck.Report
	err = worker.WithStuck(cmd.Context(), o, client, func(f *stuck.Finder) (err error) {
		report, err = f.Find(cmd.Context())
		return err
	})
	if err != nil {
		return err
	}
	all := len(report.Orders)
	report.Orders = report.Orders[:min(l.limit, all)]
	if l.json {
		return show.JSON(std.Out, struct {
			stuck.Report
			Total int `json:"total"`
		}{report, all})
	}
	return orderview.Stuck(std.Out, report, all)
}
