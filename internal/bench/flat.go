package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/bench/report"
)

// flatness is `bench flat`: does an order cost the same when many came before it?
type flatness struct {
	options

	engine                string
	concurrency           int
	from, to              int
	window, windows, seen int
}

func flatCommand() *cobra.Command {
	f := flatness{options: options{alone: true}}
	cmd := &cobra.Command{
		Use: "flat", Short: "Measure whether an order costs the same after many others", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.flags(cmd.Flags())
	cmd.Flags().StringVar(&f.engine, "engine", onPostgres, "engine to run on")
	cmd.Flags().IntVar(&f.concurrency, "concurrency", 32, "how many orders at a time")
	cmd.Flags().IntVar(&f.from, "from", 1000, "orders before the first measurement")
	cmd.Flags().IntVar(&f.to, "to", 10000, "orders before the second")
	cmd.Flags().IntVar(&f.window, "window", 500, "orders of a round")
	cmd.Flags().IntVar(&f.windows, "rounds", 3, "rounds of each measurement")
	return cmd
}

func (f *flatness) run(ctx context.Context, out, say io.Writer) (err error) {
	if f.to < f.from+f.windows*f.window {
		return fmt.Errorf("to: must be at least %d, after the first measurement's last order", f.from+f.windows*f.window)
	}
	r, stop, err := f.start(ctx, f.engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	facts, err := f.machine(ctx, r, f.engine)
	if err != nil {
		return err
	}
	m := &meter{rig: r, settle: f.settle, say: say}
	early, err := f.after(ctx, m, ordering(r), f.from)
	if err != nil {
		return err
	}
	late, err := f.after(ctx, m, ordering(r), f.to)
	if err != nil {
		return err
	}
	all := []report.Contender{
		{Name: fmt.Sprintf("after %d", f.from), Rounds: early}, {Name: fmt.Sprintf("after %d", f.to), Rounds: late},
	}
	return f.publish(out, report.Flats, func(table func(*report.Table) string) string {
		var b strings.Builder
		b.WriteString(report.Facts(facts))
		fmt.Fprintf(&b, "\n%d at a time on %s, median (least–greatest) of %d rounds of %d orders:\n\n", f.concurrency, names[f.engine], f.windows, f.window)
		b.WriteString(table(report.Comparison(all)))
		b.WriteString("\n" + table(report.Verdicts(report.Flat(early, late, f.from, f.to))))
		return b.String()
	})
}

// after measures when so many orders have been placed.
func (f *flatness) after(ctx context.Context, m *meter, c contender, orders int) (report.Series, error) {
	if missing := orders - f.seen; missing > 0 {
		fmt.Fprintf(m.say, "%d orders\n", missing)
		if _, err := c.run(ctx, f.work(missing), func() {}); err != nil {
			return nil, err
		}
		f.seen = orders
	}
	if err := m.watchIdle(ctx); err != nil {
		return nil, err
	}
	var series report.Series
	for round := range f.windows {
		s, err := m.round(ctx, c, f.work(f.window))
		if err != nil {
			return nil, err
		}
		f.seen += f.window
		series = append(series, s)
		fmt.Fprintf(m.say, "after %d, round %d of %d: %.1f orders/s, %.1f ms of CPU each\n",
			orders, round+1, f.windows, s[report.OrdersPerSecond], s[report.CPU])
	}
	return series, nil
}

func (f *flatness) work(orders int) work {
	return work{concurrency: f.concurrency, orders: orders, seed: f.seed + uint64(f.seen)} //nolint:gosec // not negative
}
