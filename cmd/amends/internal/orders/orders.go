package orders

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/orderview"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/worker"
)

// listing holds the flags of `amends order list`.
type listing struct {
	attention, acknowledged, stuck, json bool
	status, sku, customer                string
	limit                                int
}

// Orders returns `amends orders`, the name of `amends order list` in earlier releases.
func Orders(std cli.Stdio) *cobra.Command {
	cmd := list(std, "orders")
	cmd.Hidden = true
	return cmd
}

// list returns `amends order list` under a name.
func list(std cli.Stdio, name string) *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   name + " [--needs-attention | --acknowledged | --stuck]",
		Short: "List orders, the newest first, or those that need an operator",
		Long: "List orders, the newest first, from the read model. With one of these flags, those that need an operator,\n" +
			"from the order service's own database:\n\n" +
			"  --needs-attention  everything: first that no worker of the order service answers, then flagged orders, " +
			"those of --stuck, and dead letters; why, and the holdings of each, with a total\n" +
			"  --acknowledged     orders whose flags an operator has reviewed: who, when, why, and which flags\n" +
			"  --stuck            undecided orders that make no progress, according to the engine\n\n" +
			"Waivers are listed beside the flags of the same orders. What cannot be asked is named on the error stream,\n" +
			"for example a service whose database is not configured." + reach.Whereabouts,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := l.check(); err != nil {
				return cli.Mistaken(cmd, err)
			}
			switch {
			case l.stuck:
				return listStuck(cmd, std, l)
			case l.attention:
				return listNeeds(cmd, std, l)
			case l.acknowledged:
				return listAcknowledged(cmd, std, l)
			default:
				return listRecent(cmd, std, l)
			}
		},
	}
	cmd.Flags().BoolVar(&l.attention, "needs-attention", false, "everything that needs an operator")
	cmd.Flags().BoolVar(&l.acknowledged, "acknowledged", false, "finished orders whose flags an operator has acknowledged, the latest first")
	cmd.Flags().BoolVar(&l.stuck, "stuck", false, "undecided orders that make no progress")
	cmd.Flags().StringVar(&l.status, "status", "", "list only orders of this status: PENDING, CONFIRMED or CANCELLED")
	cmd.Flags().StringVar(&l.sku, "sku", "", "list only orders of this product")
	cmd.Flags().StringVar(&l.customer, "customer", "", "list only orders of this customer")
	cmd.Flags().IntVar(&l.limit, "limit", 100, "how many to list, 1 to 1000: the newest, the longest waiting, or the latest acknowledged")
	cmd.Flags().BoolVar(&l.json, "json", false, "print JSON")
	cli.Choices(cmd, "status", cli.Statuses...)
	cli.AddDatabaseFlags(cmd)
	cli.AddEngineFlags(cmd)
	return cmd
}

// lists returns how many lists of orders that need an operator are asked for.
func (l listing) lists() (n int) {
	for _, given := range []bool{l.attention, l.acknowledged, l.stuck} {
		if given {
			n++
		}
	}
	return n
}

func (l listing) check() error {
	var problems []error
	if l.lists() > 1 {
		problems = append(problems, errors.New("orders: give either --needs-attention or --stuck or --acknowledged"))
	}
	if l.lists() > 0 && l.sku+l.customer != "" {
		problems = append(problems, errors.New("orders: --sku and --customer go with none of --needs-attention, --stuck and --acknowledged"))
	}
	if l.stuck && l.status != "" {
		problems = append(problems, errors.New("orders: --status does not go with --stuck: a stuck order is PENDING"))
	}
	if l.limit < 1 || l.limit > 1000 {
		problems = append(problems, fmt.Errorf("orders: --limit must be from 1 to 1000, is %d", l.limit))
	}
	return errors.Join(problems...)
}

func listAcknowledged(cmd *cobra.Command, std cli.Stdio, l listing) error {
	o, err := dsn.Tool(std, cmd, "order")
	if err != nil {
		return err
	}
	var found []watch.FlaggedOrder
	var all int
	err = worker.WithWatch(cmd.Context(), o, func(w *watch.Watch) (err error) {
		found, all, err = w.Acknowledged(cmd.Context(), l.status, l.limit)
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
		return std.Screen(cmd).Note("no order was acknowledged")
	}
	return orderview.Flagged(std.Screen(cmd), found, all)
}

func listStuck(cmd *cobra.Command, std cli.Stdio, l listing) error {
	c, err := std.LoadTool(cmd, config.Needs{Temporal: true})
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
	return orderview.Stuck(std.Screen(cmd), report, all)
}
