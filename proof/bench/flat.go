package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
)

// flatness is `bench flat`: does an order cost the same after many others?
//
// Two platforms run, each with an engine of its own: an old one that has had many
// orders, and a young one that has had few. Rounds alternate, as a machine is not
// the same a quarter of an hour later.
type flatness struct {
	options

	engine      string
	concurrency int
	from, to    int
	window      int
	rounds      int
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
	cmd.Flags().IntVar(&f.from, "from", 1000, "orders that the young platform has had")
	cmd.Flags().IntVar(&f.to, "to", 10000, "orders that the old one has had")
	cmd.Flags().IntVar(&f.window, "window", 500, "orders of a round")
	cmd.Flags().IntVar(&f.rounds, "rounds", 3, "rounds of each")
	return cmd
}

func (f *flatness) run(ctx context.Context, out, say io.Writer) (err error) {
	if f.to <= f.from {
		return fmt.Errorf("to: must be more than %d, which the young platform has had", f.from)
	}
	old, stop, err := f.begin(ctx, f.to, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	facts, err := f.machine(ctx, old.rig, f.engine)
	if err != nil {
		return err
	}
	if err := f.age(ctx, old); err != nil {
		return err
	}
	young, stopYoung, err := f.begin(ctx, f.from, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopYoung()) }()
	if err := f.age(ctx, young); err != nil {
		return err
	}
	both := []*aged{young, old}
	for round := range f.rounds {
		for _, a := range both {
			// Each time, because timers that orders leave behind fire until ten
			// minutes later.
			if err := a.watchIdle(ctx); err != nil {
				return err
			}
			// Both get the same orders, and none that they have had before.
			w := work{concurrency: f.concurrency, orders: f.window, seed: f.seed + 1 + uint64(round)}
			s, err := a.round(ctx, ordering(a.rig, a.rig.Platform().Layout), w)
			if err != nil {
				return err
			}
			a.measured.Rounds = append(a.measured.Rounds, s)
			a.tell(a.measured.Name, round, f.rounds, s)
		}
	}
	pages, err := f.explain(ctx, both)
	if err != nil {
		return err
	}
	visit, err := f.visit(ctx, old)
	if err != nil {
		return err
	}
	return f.publish(out, report.Flats, func(table func(*report.Table) string) string {
		var b strings.Builder
		b.WriteString(report.Facts(facts))
		fmt.Fprintf(&b, "\n%d at a time on %s, median (least–greatest) of %d rounds of %d orders:\n\n", f.concurrency, names[f.engine], f.rounds, f.window)
		b.WriteString(table(report.Comparison([]report.Contender{young.measured, old.measured})))
		fmt.Fprintf(&b, "\nThe WAL of an order, and the whole pages in it, %s and %s, and in brackets the ratio:\n\n", young.measured.Name, old.measured.Name)
		b.WriteString(table(walTable(pages)))
		b.WriteString("\nThe idle use of the engine and its PostgreSQL, which is subtracted, at its last measurement:\n\n")
		b.WriteString(table(idling(both)))
		fmt.Fprintf(&b, "\nA whole run of the doctor reads every order: with %d of them, %s of CPU for each.\n", f.had(old), visit)
		b.WriteString("\n" + table(report.Verdicts(report.Flat(young.measured.Rounds, old.measured.Rounds, f.from, f.to))))
		return b.String()
	})
}

// had is how many orders a platform has had in the end.
func (f *flatness) had(a *aged) int {
	return a.orders + f.rounds*f.window + len(variants)*f.window + distance*f.window
}

// visit lets the doctor check everything, and reports its costs for each order.
func (f *flatness) visit(ctx context.Context, a *aged) (string, error) {
	if err := a.watchIdle(ctx); err != nil {
		return "", err
	}
	before, err := a.read(ctx)
	if err != nil {
		return "", err
	}
	fmt.Fprintln(a.say, "the doctor looks at them")
	if err := a.rig.Tool(ctx, "doctor", "--dry-run", "--grace", "1ms"); err != nil {
		return "", err
	}
	after, err := a.read(ctx)
	if err != nil {
		return "", err
	}
	c := costs(ordering(a.rig, a.rig.Platform().Layout), a.used(before, after), f.had(a))
	return fmt.Sprintf("%.2f ms", c[report.CPU]), nil
}

// idling is the table of the use without orders.
func idling(all []*aged) *report.Table {
	t := report.NewTable("", "CPU, ms a second", "transactions a second")
	for _, a := range all {
		cpu, transactions := 0.0, 0.0
		for _, c := range []rig.Counter{rig.EngineCPU, rig.EngineDBCPU} {
			cpu += a.idle[c] * milli
		}
		for _, c := range []rig.Counter{rig.EngineStoreTx, rig.EngineIndexTx} {
			transactions += a.idle[c]
		}
		t.Row(a.measured.Name, fmt.Sprintf("%.1f", cpu), fmt.Sprintf("%.1f", transactions))
	}
	return t
}

// aged is a platform that has had orders, and the measurements after them.
type aged struct {
	meter

	orders   int
	measured report.Contender
}

// begin starts a platform that is to have that many orders.
func (f *flatness) begin(ctx context.Context, orders int, say io.Writer) (*aged, func() error, error) {
	r, stop, err := f.start(ctx, f.engine)
	if err != nil {
		return nil, nil, err
	}
	return &aged{meter{rig: r, settle: f.settle, say: say}, orders, report.Contender{Name: fmt.Sprintf("after %d", orders)}}, stop, nil
}

// age gives a platform its orders.
func (f *flatness) age(ctx context.Context, a *aged) error {
	fmt.Fprintf(a.say, "%d orders\n", a.orders)
	_, err := ordering(a.rig, a.rig.Platform().Layout).run(ctx, work{concurrency: f.concurrency, orders: a.orders, seed: f.seed}, func() {})
	return err
}
