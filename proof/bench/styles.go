package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/proof/bench/areas"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
	"github.com/amends/amends/proof/bench/sources"
	"github.com/amends/amends/services/order"
)

// styles is `bench styles`: the two styles of an order on the same platform, in turn.
type styles struct {
	comparison

	source string
	notice bool
}

// both are the contenders.
var both = []order.Style{order.Orchestrated, order.Choreographed}

// onSQLite is the dev server with the services on SQLite, too, as `amends dev` has them.
const onSQLite = "SQLite"

// beside are the results on one engine.
type beside struct {
	engine     string
	facts      [][2]string
	contenders map[int][]report.Contender // by concurrency
	memory     map[string]rig.Health
	noticed    []noticed // nil if it was not measured
}

func stylesCommand() *cobra.Command {
	s := styles{comparison: comparison{layouts: []string{string(rig.Joined)}}}
	cmd := &cobra.Command{
		Use: "styles", Short: "Compare the two styles of an order", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	s.options.flags(cmd.Flags())
	s.pacing.flags(cmd.Flags(), 20*time.Second)
	cmd.Flags().StringSliceVar(&s.engines, "engines", []string{onPostgres, onDev}, "engines to run on: with "+onDev+" the services are on "+onSQLite+", too")
	cmd.Flags().IntSliceVar(&s.concurrency, "concurrency", []int{1, 32}, "how many orders at a time")
	cmd.Flags().StringVar(&s.profile, "profile", "bin/profiles", "folder to leave CPU profiles of the workers in")
	cmd.Flags().BoolVar(&s.notice, "notice", true, "measure the time until a service that does not run is noticed, about three minutes")
	cmd.Flags().StringVar(&s.source, "source", ".", "root of the source tree, in which lines are counted")
	return cmd
}

func (s *styles) run(ctx context.Context, out, say io.Writer) error {
	steps, err := sources.Steps(os.DirFS(s.source))
	if err != nil {
		return err
	}
	var all []beside
	for _, engine := range s.engines {
		result, err := s.on(ctx, engine, say)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		all = append(all, result)
	}
	return s.publish(out, report.Styles, func(table func(*report.Table) string) string { return s.text(all, steps, table) })
}

// on compares the styles on one engine.
func (s *styles) on(ctx context.Context, engine string, say io.Writer) (result beside, err error) {
	if err := os.MkdirAll(s.profile, 0o755); err != nil { //nolint:gosec // for any reader
		return result, err
	}
	s.alone = true
	s.without = func(o *rig.Options) { o.SQLite = engine == onDev }
	r, stop, err := s.start(ctx, engine)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	result = beside{engine: engine, contenders: map[int][]report.Contender{}}
	if result.facts, err = s.machine(ctx, r, engine); err != nil {
		return result, err
	}
	var all []contender
	for _, style := range both {
		all = append(all, styled(r, rig.Joined, style))
	}
	m := &meter{rig: r, settle: s.settle, say: say}
	if err := s.warmUp(ctx, m, all); err != nil {
		return result, err
	}
	for _, n := range s.concurrency {
		if result.contenders[n], err = s.measure(ctx, m, all, n); err != nil {
			return result, err
		}
	}
	if result.memory, err = r.Health(ctx); err != nil {
		return result, err
	}
	if err := s.coordination(ctx, engine, m, all, result.contenders); err != nil {
		return result, err
	}
	if engine != onPostgres {
		return result, nil // its round trips are function calls
	}
	if err := s.trips(ctx, m, all, result.contenders); err != nil {
		return result, err
	}
	if s.notice {
		result.noticed, err = s.notices(ctx, m)
	}
	return result, err
}

// coordination adds the CPU time of telling and hearing: the broker's, and the share of
// the workers' in a profile of a round of its own.
func (s *styles) coordination(ctx context.Context, engine string, m *meter, all []contender, measured map[int][]report.Contender) error {
	most := slices.Max(s.concurrency)
	for i, who := range all {
		fmt.Fprintf(m.say, "%s: profiling\n", who.name)
		file := filepath.Join(s.profile, "workers-"+who.name+"-"+engine+".pprof")
		text, err := make(chan []byte, 1), make(chan error, 1)
		go func() {
			seconds := strconv.Itoa(min(max(1, int(s.duration.Seconds())), longest))
			profile, failed := keepProfile(ctx, m.rig.Profiles(rig.Worker)+"profile?seconds="+seconds, file)
			text <- profile
			err <- failed
		}()
		_, failed := who.run(ctx, work{concurrency: most, duration: s.duration, seed: s.seed}, func() {})
		profile := <-text
		if err := errors.Join(failed, <-err); err != nil {
			return err
		}
		share, failed := areas.Coordination(bytes.NewReader(profile))
		if failed != nil {
			return failed
		}
		for n := range measured[most][i].Rounds {
			sample := measured[most][i].Rounds[n]
			sample[report.Coordination] = sample[report.CPUBroker] + share*sample[report.CPUWorkers]
		}
	}
	return nil
}

// trips adds the round trips to the services' databases. From then on all is slower.
func (s *styles) trips(ctx context.Context, m *meter, all []contender, measured map[int][]report.Contender) error {
	line, err := m.rig.CountTrips(ctx)
	if err != nil {
		return err
	}
	for _, n := range s.concurrency {
		for i, who := range all {
			fmt.Fprintf(m.say, "%s: %d at a time, counting round trips\n", who.name, n)
			own, _, err := s.count(ctx, who, n, line)
			if err != nil {
				return err
			}
			sum := 0.0
			for _, a := range own {
				sum += a.trips
			}
			series := &measured[n][i]
			series.Rounds = append(series.Rounds, report.Sample{report.ServiceTrips: sum})
		}
	}
	return nil
}

// text is the report.
func (s *styles) text(all []beside, steps []sources.Step, table func(*report.Table) string) string {
	var b strings.Builder
	for _, r := range all {
		name := names[r.engine]
		if r.engine == onDev {
			name += ", everything on " + onSQLite
		}
		fmt.Fprintf(&b, "### %s\n\n%s", name, report.Facts(r.facts))
		for _, n := range s.concurrency {
			fmt.Fprintf(&b, "\n%d at a time, median (least–greatest) of %d rounds of %s:\n\n", n, s.rounds, s.duration)
			b.WriteString(table(report.Comparison(r.contenders[n])))
		}
		b.WriteString("\nMemory at the end, MiB. Choreographed orders need no engine, but refunds and the doctor do:\n\n" + table(memoryTable(r.memory)))
		if r.engine == onPostgres {
			most := slices.Max(s.concurrency)
			aims := report.Choreographed(byName(r.contenders[most], string(order.Orchestrated)),
				byName(r.contenders[most], string(order.Choreographed)), byName(r.contenders[1], string(order.Choreographed)))
			fmt.Fprintf(&b, "\nAims of a choreographed order, %d at a time unless they say otherwise:\n\n", most)
			b.WriteString(table(report.Verdicts(aims)))
		}
		if r.noticed != nil {
			b.WriteString("\nA worker of the payment service does not run. The time from a placement until the platform says so:\n\n" + table(noticedTable(r.noticed)))
			b.WriteString("\n" + table(report.Verdicts(judgeNotice(r.noticed))))
		}
		b.WriteString("\n")
	}
	b.WriteString("### What a step costs in code\n\nFiles, and lines of code in them, that name a step outside of its own service, without tests:\n\n")
	b.WriteString(table(sources.Table(steps)))
	return b.String()
}

// memoryTable has the memory of each process.
func memoryTable(all map[string]rig.Health) *report.Table {
	const mib = 1 << 20
	t := report.NewTable("process", "MiB")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Row(name, strconv.FormatInt(all[name].Own/mib, 10))
	}
	return t
}
