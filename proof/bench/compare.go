package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/proof/bench/floor"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
)

// comparison is `bench run`.
type comparison struct {
	options
	pacing

	engines     []string
	concurrency []int
	layouts     []string
}

// compared are the measurements on one engine.
type compared struct {
	engine string
	facts  [][2]string
	trips  trips
	where  []*profiled // uses of CPU time; nil without --profile
	// contenders by concurrency, in the order of their runs.
	contenders map[int][]report.Contender
}

func compareCommand() *cobra.Command {
	var c comparison
	cmd := &cobra.Command{
		Use: "run", Short: "Measure an order against the floor", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(); err != nil {
				return err
			}
			return c.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.options.flags(cmd.Flags())
	c.pacing.flags(cmd.Flags(), 20*time.Second)
	cmd.Flags().StringSliceVar(&c.engines, "engines", []string{onPostgres, onDev}, "engines to run on")
	cmd.Flags().IntSliceVar(&c.concurrency, "concurrency", []int{1, 32}, "how many orders at a time")
	cmd.Flags().StringSliceVar(&c.layouts, "layouts", []string{string(rig.Joined)}, "how the platform is divided among processes, each a contender: "+words(rig.Layouts()))
	cmd.Flags().BoolVar(&c.trace, "trace", false, "list what services and engine ask their databases; costs time, so what is timed says nothing then")
	cmd.Flags().StringVar(&c.profile, "profile", "", "folder to leave CPU profiles in; none if empty")
	return cmd
}

// check refuses layouts that do not exist, and none.
func (c *comparison) check() error {
	for _, l := range c.layouts {
		if !slices.Contains(rig.Layouts(), rig.Layout(l)) {
			return fmt.Errorf("layouts: there is no %q, only %s", l, words(rig.Layouts()))
		}
	}
	if len(c.layouts) == 0 {
		return errors.New("layouts: name one at least")
	}
	return nil
}

// words lists layouts for a reader.
func words(all []rig.Layout) string {
	var names []string
	for _, l := range all {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}

func (c *comparison) run(ctx context.Context, out, say io.Writer) error {
	var page strings.Builder
	for _, engine := range c.engines {
		result, err := c.on(ctx, engine, say)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		for _, w := range []struct {
			to       io.Writer
			markdown bool
		}{{out, false}, {&page, true}} {
			if _, err := io.WriteString(w.to, c.text(result, w.markdown)); err != nil {
				return err
			}
		}
	}
	if c.write == "" {
		return nil
	}
	return report.Write(c.write, report.Bench, page.String())
}

// on compares on one engine.
func (c *comparison) on(ctx context.Context, engine string, say io.Writer) (result compared, err error) {
	var layouts []rig.Layout
	for _, l := range c.layouts {
		layouts = append(layouts, rig.Layout(l))
	}
	c.without = func(o *rig.Options) { o.Platform.Layout = layouts[0] }
	r, stop, err := c.start(ctx, engine)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	result = compared{engine: engine, contenders: map[int][]report.Contender{}}
	if result.facts, err = c.facts(ctx, r, engine); err != nil {
		return result, err
	}
	m := &meter{rig: r, settle: c.settle, say: say}
	all := contenders(r, layouts)
	if err := c.warmUp(ctx, m, all); err != nil {
		return result, err
	}
	for _, concurrency := range c.concurrency {
		series, err := c.measure(ctx, m, all, concurrency)
		if err != nil {
			return result, err
		}
		result.contenders[concurrency] = series
	}
	if c.profile != "" {
		if result.where, err = c.takeProfiles(ctx, m, all); err != nil {
			return result, err
		}
	}
	if err := c.ready(ctx, m, all[0]); err != nil {
		return result, err
	}
	result.trips, err = c.countTrips(ctx, m, all, result.contenders)
	return result, err
}

// ready gives the platform the layout that a contender needs.
func (c *comparison) ready(ctx context.Context, m *meter, who contender) error {
	p := m.rig.Platform()
	if p.Layout == who.layout {
		return nil
	}
	p.Layout = who.layout
	if err := m.turn(ctx, p, c.warming()); err != nil {
		return fmt.Errorf("%s: %w", who.name, err)
	}
	return nil
}

// warming is the orders that do not count.
func (c *comparison) warming() work {
	return work{concurrency: slices.Max(c.concurrency), duration: c.warm, seed: c.seed}
}

// warmUp runs every contender of the rig's layout once, to fill caches and pools, and
// measures the use of the idle rig.
func (c *comparison) warmUp(ctx context.Context, m *meter, all []contender) error {
	for _, who := range all {
		if who.layout != m.rig.Platform().Layout {
			continue
		}
		fmt.Fprintf(m.say, "%s: warming up\n", who.name)
		if _, err := who.run(ctx, c.warming(), func() {}); err != nil {
			return fmt.Errorf("%s: %w", who.name, err)
		}
	}
	return m.watchIdle(ctx)
}

// measure runs the rounds, in turn.
func (c *comparison) measure(ctx context.Context, m *meter, all []contender, concurrency int) ([]report.Contender, error) {
	series := make([]report.Contender, len(all))
	for round := range c.rounds {
		for i, who := range all {
			if err := c.ready(ctx, m, who); err != nil {
				return nil, err
			}
			w := work{concurrency: concurrency, duration: c.duration, seed: c.seed + uint64(round)}
			s, err := m.round(ctx, who, w)
			if err != nil {
				return nil, err
			}
			series[i].Name, series[i].Rounds = who.name, append(series[i].Rounds, s)
			m.tell(fmt.Sprintf("%s, %d at a time", who.name, concurrency), round, c.rounds, s)
		}
	}
	return series, nil
}

// text is the report on one engine.
func (c *comparison) text(r compared, markdown bool) string {
	var b strings.Builder
	title, table := "\n%s\n\n", (*report.Table).String
	if markdown {
		title, table = "### %s\n\n", (*report.Table).Markdown
	}
	fmt.Fprintf(&b, title, names[r.engine])
	b.WriteString(report.Facts(r.facts))
	for _, concurrency := range c.concurrency {
		floors, orders := r.contenders[concurrency][:2], r.contenders[concurrency][2:]
		fmt.Fprintf(&b, "\n%d at a time, median (least–greatest) of %d rounds of %s:\n\n", concurrency, c.rounds, c.duration)
		b.WriteString(table(report.Comparison(append(slices.Clone(floors), orders[0]))))
		if len(orders) > 1 {
			fmt.Fprintf(&b, "\nOther layouts of the platform, %d at a time, medians, and their ratio to %s:\n\n", concurrency, orders[0].Name)
			b.WriteString(table(report.Variants(orders)))
		}
	}
	if r.trips != nil {
		last := c.concurrency[len(c.concurrency)-1]
		fmt.Fprintf(&b, "\nRound trips of an order to each database, and those of floor-n, %d at a time:\n\n", last)
		b.WriteString(table(r.trips.table()))
	}
	most := slices.Max(c.concurrency)
	if r.where != nil {
		fmt.Fprintf(&b, "\nWhere the CPU time of Go's processes goes, %d at a time:\n\n", most)
		b.WriteString(table(whereItGoes(r.where, r.contenders[most])))
	}
	if r.engine == onPostgres {
		fmt.Fprintf(&b, "\nAims, %d at a time unless they say otherwise:\n\n", most)
		b.WriteString(table(report.VerdictsBeside(c.judge(r, most))))
	}
	if c.trace && !markdown && r.trips != nil {
		b.WriteString("\nWhat is asked of the databases, executions per order of order and floor-n:\n\n" + r.trips.statements())
	}
	b.WriteString("\n")
	return b.String()
}

// judge judges the costs of an order in each layout: with many at a time, and alone if
// that was measured.
func (c *comparison) judge(r compared, most int) (all []report.Judged) {
	for _, who := range r.contenders[most][2:] {
		aims := report.Aims(who.Rounds, byName(r.contenders[most], naiveName))
		if alone, ok := r.contenders[1]; ok {
			aims = append(aims, report.Alone(byName(alone, who.Name), byName(alone, naiveName)))
		}
		all = append(all, report.Judged{Name: who.Name, Aims: aims})
	}
	return all
}

// byName returns the series of a contender.
func byName(all []report.Contender, name string) report.Series {
	for _, c := range all {
		if c.Name == name {
			return c.Rounds
		}
	}
	return nil
}

// facts are the conditions of the run.
func (c *comparison) facts(ctx context.Context, r *rig.Rig, engine string) ([][2]string, error) {
	hash, err := floor.Hash()
	if err != nil {
		return nil, err
	}
	facts, err := c.machine(ctx, r, engine)
	return append(facts, [2]string{"floor, SHA-256 of its source", "`" + hash + "`"}), err
}
