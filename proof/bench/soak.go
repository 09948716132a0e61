package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
	"github.com/amends/amends/proof/load"
	"github.com/amends/amends/proof/wait"
)

// soak is `bench soak`: does anything grow under a moderate load? Everything is on:
// every service, listener and page, and the doctor.
type soak struct {
	options

	engine      string
	mix         string // of the orders
	concurrency int
	duration    time.Duration
	warmUp      time.Duration // the first part of it; 0: the default share
	every       time.Duration
}

// probing is the length of the search for the maximal rate of orders.
const probing = 20 * time.Second

// warming is the share of a soak in which caches and pools fill, by default.
const warming = 0.2

// warm returns the time at which caches and pools have filled.
func (s *soak) warm() time.Duration {
	return cmp.Or(s.warmUp, time.Duration(warming*float64(s.duration)))
}

// moment is the resources of all processes at one time.
type moment struct {
	at               time.Duration // since the load began
	health           map[string]rig.Health
	services, engine int     // connections
	lag              float64 // of the listeners that are the furthest behind, in seconds
}

func soakCommand() *cobra.Command {
	s := soak{options: options{alone: true, doctor: true}}
	cmd := &cobra.Command{
		Use: "soak", Short: "Watch every process under half load", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	s.flags(cmd.Flags())
	cmd.Flags().StringVar(&s.engine, "engine", onPostgres, "engine to run on")
	cmd.Flags().StringVar(&s.mix, "mix", "choreographed=50,declined=5,cancelled=5", "orders in per cent, as of amends load; the rest is plain")
	cmd.Flags().IntVar(&s.concurrency, "concurrency", 32, "how many orders at a time full load is")
	cmd.Flags().DurationVar(&s.duration, "duration", 10*time.Minute, "how long orders are placed")
	cmd.Flags().DurationVar(&s.warmUp, "warm-up", 0, "how much of that fills caches and is not judged; 0 is a fifth")
	cmd.Flags().StringVar(&s.profile, "profile", "", "folder to leave profiles of the memory in, of after the warm-up and of the end; none if empty")
	cmd.Flags().DurationVar(&s.every, "every", 5*time.Second, "how often it is looked at everything")
	return cmd
}

func (s *soak) run(ctx context.Context, out, say io.Writer) (err error) {
	if s.warm() < 0 || s.warm() > s.duration-2*s.every {
		return errors.New("warm-up: must end before the last two looks at everything")
	}
	mix, err := load.ParseMix(s.mix)
	if err != nil {
		return err
	}
	s.everything = true
	r, stop, err := s.start(ctx, s.engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	facts, err := s.machine(ctx, r, s.engine)
	if err != nil {
		return err
	}
	c := mixed(r, r.Platform().Layout, mix)
	fmt.Fprintln(say, "looking for full load")
	full, err := c.run(ctx, work{concurrency: s.concurrency, duration: min(probing, s.duration), seed: s.seed}, func() {})
	if err != nil {
		return err
	}
	rate := float64(full.orders) / full.took.Seconds() / 2
	before, err := s.calm(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(say, "%.1f orders/s for %s\n", rate, s.duration)
	during, err := s.watch(ctx, r, c, rate, say)
	if err != nil {
		return err
	}
	after, err := s.calm(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintln(say, "the doctor looks at every order")
	ill := r.Tool(ctx, "doctor", "--dry-run", "--grace", "1ms")
	if ill != nil {
		fmt.Fprintln(say, ill)
	}

	kept := during[slices.IndexFunc(during, func(m moment) bool { return m.at >= s.warm() }):]
	return s.publish(out, report.Soak, func(table func(*report.Table) string) string {
		var b strings.Builder
		b.WriteString(report.Facts(facts))
		fmt.Fprintf(&b, "\n%.1f orders/s (%s), half of the highest rate, for %s on %s. Growth is the slope of the line through the samples, one every %s after the first %s.\n\n",
			rate, mix, s.duration, names[s.engine], s.every, s.warm())
		b.WriteString(table(grown(kept, before, after)))
		b.WriteString("\nMiB by the minutes since the load began:\n\n" + table(curve(during)))
		b.WriteString("\n" + table(report.Verdicts(append(judge(kept, before, after), healthy(kept, ill)...))))
		return b.String()
	})
}

// calm reads them when everything has had time to release its resources.
func (s *soak) calm(ctx context.Context, r *rig.Rig) (moment, error) {
	if err := wait.For(ctx, s.settle); err != nil {
		return moment{}, err
	}
	return look(ctx, r, 0)
}

func look(ctx context.Context, r *rig.Rig, at time.Duration) (m moment, err error) {
	m.at = at
	if m.health, err = r.Health(ctx); err != nil {
		return m, err
	}
	if m.services, m.engine, err = r.Connections(ctx); err != nil {
		return m, err
	}
	m.lag, err = r.Lag(ctx)
	return m, err
}

// watch places orders at a rate, and reads the resources meanwhile.
func (s *soak) watch(ctx context.Context, r *rig.Rig, c contender, rate float64, say io.Writer) (all []moment, err error) {
	began, warm := time.Now(), false
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		out, err := c.run(ctx, work{rate: rate, duration: s.duration, seed: s.seed + 1}, func() {})
		fmt.Fprintf(say, "%d orders, decided after %.0f ms (p50), %.0f ms (p99)\n", out.orders, out.decidedP50, out.decidedP99)
		return err
	})
	both.Go(func() error {
		// A machine that was too slow for two looks after the warm-up makes them afterwards.
		for kept := 0; time.Since(began) < s.duration || kept < 2; {
			if err := wait.For(ctx, s.every); err != nil {
				return err
			}
			m, err := look(ctx, r, time.Since(began))
			if err != nil {
				return err
			}
			all = append(all, m)
			if m.at >= s.warm() {
				kept++
			}
			if !warm && m.at >= s.warm() {
				warm = true
				if err := s.keepHeaps(ctx, r, "warm"); err != nil {
					return err
				}
			}
		}
		return s.keepHeaps(ctx, r, "end")
	})
	return all, both.Wait()
}

// keepHeaps writes a memory profile of every process that serves one, if asked to.
func (s *soak) keepHeaps(ctx context.Context, r *rig.Rig, when string) error {
	if s.profile == "" {
		return nil
	}
	if err := os.MkdirAll(s.profile, 0o755); err != nil { //nolint:gosec // for any reader
		return err
	}
	for _, name := range append(slices.Collect(maps.Keys(r.Parts)), rig.Engine) {
		base := r.Profiles(name)
		if base == "" {
			continue
		}
		file := filepath.Join(s.profile, name+"-"+when+".heap")
		if _, err := keepProfile(ctx, base+"heap", file); err != nil {
			return fmt.Errorf("memory of %s: %w", name, err)
		}
	}
	return nil
}

const mib = 1 << 20

// held is the memory of a process: its resident memory, but of PostgreSQL only the
// private part, as all of its processes share one memory that fills up.
func held(name string, h rig.Health) float64 {
	if strings.Contains(name, "PostgreSQL") {
		return float64(h.Own) / mib
	}
	return float64(h.Resident) / mib
}

// growth is how much a process's memory grows, in MiB a minute.
func growth(name string, all []moment) float64 {
	var x, y []float64
	for _, m := range all {
		x, y = append(x, m.at.Minutes()), append(y, held(name, m.health[name]))
	}
	return report.Slope(x, y)
}

// grown is the table of processes.
func grown(during []moment, before, after moment) *report.Table {
	t := report.NewTable("process", "MiB after warm-up", "MiB in the end", "MiB a minute", "goroutines before, after", "sockets before, after")
	last := during[len(during)-1]
	for _, name := range slices.Sorted(maps.Keys(last.health)) {
		goroutines := "–"
		if g := before.health[name].Goroutines; g > 0 {
			goroutines = fmt.Sprintf("%.0f, %.0f", g, after.health[name].Goroutines)
		}
		t.Row(name, fmt.Sprintf("%.1f", held(name, during[0].health[name])), fmt.Sprintf("%.1f", held(name, last.health[name])),
			fmt.Sprintf("%+.2f", growth(name, during)), goroutines,
			fmt.Sprintf("%d, %d", before.health[name].Sockets, after.health[name].Sockets))
	}
	t.Row("connections of services", "", "", "", "", fmt.Sprintf("%d, %d", before.services, after.services))
	if after.engine > 0 {
		t.Row("connections of the engine", "", "", "", "", fmt.Sprintf("%d, %d", before.engine, after.engine))
	}
	return t
}

// looks is how many moments the table of memory over time has.
const looks = 8

// curve is the table of memory over time.
func curve(all []moment) *report.Table {
	var some []moment
	for i := range looks {
		some = append(some, all[i*(len(all)-1)/(looks-1)])
	}
	header := []string{"process"}
	for _, m := range some {
		header = append(header, fmt.Sprintf("%.1f", m.at.Minutes()))
	}
	t := report.NewTable(header...)
	for _, name := range slices.Sorted(maps.Keys(some[0].health)) {
		cells := []string{name}
		for _, m := range some {
			cells = append(cells, fmt.Sprintf("%.1f", held(name, m.health[name])))
		}
		t.Row(cells...)
	}
	return t
}

// Limits of a soak.
const (
	maxGrowth = 1.0 // MiB a minute
	// slack is how many more goroutines and sockets an idle process may have
	// afterwards: the engine changes the number of pollers.
	slack = 10
)

// judge returns whether every process kept to its limits.
func judge(during []moment, before, after moment) []report.Aim {
	var aims []report.Aim
	limit := func(what, limit string, is, most float64) {
		aims = append(aims, report.Aim{What: what, Limit: limit, Is: fmt.Sprintf("%+.2f", is), Met: is <= most})
	}
	for _, name := range slices.Sorted(maps.Keys(after.health)) {
		limit("memory of "+name, "under 1 MiB a minute", growth(name, during), maxGrowth)
		b, a := before.health[name], after.health[name]
		if b.Goroutines > 0 {
			limit("goroutines of "+name, "back, give or take 10", a.Goroutines-b.Goroutines, slack)
		}
		limit("sockets of "+name, "back, give or take 10", float64(a.Sockets-b.Sockets), slack)
	}
	limit("connections of services", "back", float64(after.services-before.services), 0)
	limit("connections of the engine", "back, give or take 10", float64(after.engine-before.engine), slack)
	return aims
}

// maxLag is how long a fact may wait for a listener under half load, in seconds.
const maxLag = 1.0

// healthy returns whether the listeners kept up, and whether the doctor, who has read
// every order afterwards, is content.
func healthy(during []moment, ill error) []report.Aim {
	lags := make([]float64, len(during))
	for i, m := range during {
		lags[i] = m.lag
	}
	slices.Sort(lags)
	most, findings := lags[len(lags)-1], report.Aim{What: "findings of the doctor", Limit: "none", Is: "none", Met: true}
	if ill != nil {
		findings.Is, findings.Met = "see the output", false
	}
	return []report.Aim{
		{
			What: "longest wait of a fact for its listeners, s", Limit: "under 1",
			Is: fmt.Sprintf("%.2f (median %.2f)", most, lags[len(lags)/2]), Met: most < maxLag,
		},
		findings,
	}
}
