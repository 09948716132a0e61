package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/deploy"
	"github.com/amends/amends/internal/bench/report"
	"github.com/amends/amends/internal/bench/rig"
	amendstemporal "github.com/amends/amends/internal/temporal"
	"github.com/amends/amends/internal/temporalserver"
)

// savings is `bench savings`: what would an order cost without one of the things
// that it is made of?
type savings struct {
	options
	pacing

	concurrency int
	only        []string
	builds      []string // name=folder
}

// saving is one thing, and how a platform is run without it.
type saving struct {
	name    string
	without func(*rig.Options)
	engine  bool // it is the engine's, so that floor-n has it, too
	bin     string
}

// asItIs is the platform with everything that it comes with.
const asItIs = "as it is"

// settings are the savings that a setting takes back.
var settings = []saving{
	{name: fmt.Sprintf("one poll open instead of %d", amendstemporal.DefaultPollers().Min), without: setting("AMENDS_WORKER_MIN_POLLERS=1")},
	{name: fmt.Sprintf("at most 4 polls instead of %d", amendstemporal.DefaultPollers().Max), without: setting("AMENDS_WORKER_MAX_POLLERS=4")},
	{name: "no sagas kept between their tasks", without: setting("AMENDS_WORKER_WORKFLOW_CACHE=1")},
	{name: "2 connections for each service", without: connections("2")},
	{name: "statements prepared anew each time", without: executed("exec")},
	{name: fmt.Sprintf("4 history shards instead of %d", temporalserver.Shards), without: shards(4), engine: true},
	{name: fmt.Sprintf("512 history shards instead of %d", temporalserver.Shards), without: shards(512), engine: true},
	{name: "engine: queues polled 20 times a second at most", without: undone("history.transferProcessorMaxPollRPS", "history.timerProcessorMaxPollRPS"), engine: true},
	{name: "engine: one write at a time for each shard", without: undone("history.shardIOConcurrency"), engine: true},
	{name: "engine: four partitions for each task queue", without: undone("matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions"), engine: true},
	{name: "engine: ended sagas and their events kept in memory", without: undone("history.cacheTTL", "history.cacheBackgroundEvict", "history.eventsCacheMaxSizeBytes", "history.xdcCacheMaxSizeBytes"), engine: true},
}

func setting(variables ...string) func(*rig.Options) {
	return func(o *rig.Options) { o.Environ = append(o.Environ, variables...) }
}

// executed has the driver execute statements in a mode of its own.
func executed(mode string) func(*rig.Options) {
	return func(o *rig.Options) { o.Database = url.Values{"default_query_exec_mode": {mode}} }
}

// connections bounds the pools of all services, and so how many of their steps run
// at a time.
func connections(n string) func(*rig.Options) {
	var variables []string
	for _, service := range rig.Services() {
		variables = append(variables, "AMENDS_SERVICES_"+strings.ToUpper(service)+"_MAX_CONNS="+n)
	}
	return setting(variables...)
}

func shards(n int) func(*rig.Options) { return func(o *rig.Options) { o.Shards = n } }

// undone leaves keys out of the engine's dynamic configuration.
func undone(keys ...string) func(*rig.Options) {
	return func(o *rig.Options) {
		o.DynamicConfig = deploy.DynamicConfig
		for _, key := range keys {
			entry := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + `:\n(?: .*\n)+`)
			o.DynamicConfig = entry.ReplaceAll(o.DynamicConfig, nil)
		}
	}
}

func savingsCommand() *cobra.Command {
	var s savings
	cmd := &cobra.Command{
		Use: "savings", Short: "Measure what each of the things that an order is made of saves or costs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	s.options.flags(cmd.Flags())
	s.pacing.flags(cmd.Flags(), 15*time.Second)
	cmd.Flags().IntVar(&s.concurrency, "concurrency", 32, "how many orders at a time")
	cmd.Flags().StringSliceVar(&s.only, "only", nil, "measure only the savings whose names begin so")
	cmd.Flags().StringArrayVar(&s.builds, "build", nil, "NAME=FOLDER of an amends that lacks something, as scripts/bench-savings.sh builds it; may be given more than once")
	return cmd
}

// list is what is measured: the platform as it is, each saving, and the platform as
// it is again, so that what the machine did meanwhile is seen.
func (s *savings) list() ([]saving, error) {
	list := slices.Clone(settings)
	for _, b := range s.builds {
		name, folder, ok := strings.Cut(b, "=")
		if !ok {
			return nil, fmt.Errorf("build: %q must be NAME=FOLDER", b)
		}
		folder, err := filepath.Abs(folder) // processes start elsewhere
		if err != nil {
			return nil, fmt.Errorf("build: %w", err)
		}
		list = append(list, saving{name: name, bin: folder})
	}
	if len(s.only) > 0 {
		list = slices.DeleteFunc(list, func(one saving) bool {
			return !slices.ContainsFunc(s.only, func(begin string) bool { return strings.HasPrefix(one.name, begin) })
		})
	}
	first := saving{name: asItIs, engine: true}
	return append(append([]saving{first}, list...), first), nil
}

// spared is what was measured without a saving.
type spared struct {
	saving

	order, naive report.Series
}

func (s *savings) run(ctx context.Context, out, say io.Writer) error {
	list, err := s.list()
	if err != nil {
		return err
	}
	var all []spared
	var facts [][2]string
	for _, one := range list {
		fmt.Fprintf(say, "%s\n", one.name)
		result, known, err := s.without(ctx, one, say)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		if facts == nil {
			facts = known
		}
		all = append(all, result)
	}
	return s.publish(out, report.Savings, func(table func(*report.Table) string) string {
		var b strings.Builder
		b.WriteString(report.Facts(facts))
		fmt.Fprintf(&b, "\n%d at a time on %s, medians of %d rounds of %s, and how much that is of \"%s\":\n\n",
			s.concurrency, names[onPostgres], s.rounds, s.duration, asItIs)
		b.WriteString(table(sparedTable(all)))
		return b.String()
	})
}

// without measures on a rig of its own that lacks the saving.
func (s *savings) without(ctx context.Context, one saving, say io.Writer) (result spared, facts [][2]string, err error) {
	c := comparison{options: s.options, pacing: s.pacing, concurrency: []int{s.concurrency}}
	c.alone = !one.engine
	c.without = func(o *rig.Options) {
		if one.bin != "" {
			o.Amends = filepath.Join(one.bin, "amends")
		}
		if one.without != nil {
			one.without(o)
		}
	}
	r, stop, err := c.start(ctx, onPostgres)
	if err != nil {
		return result, nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if facts, err = c.machine(ctx, r, onPostgres); err != nil {
		return result, nil, err
	}
	all := slices.DeleteFunc(contenders(r), func(who contender) bool {
		return who.name == bareName || who.name == naiveName && c.alone
	})
	m := &meter{rig: r, settle: c.settle, say: say}
	if err := c.warmUp(ctx, m, all); err != nil {
		return result, nil, err
	}
	series, err := c.measure(ctx, m, all, s.concurrency)
	return spared{saving: one, order: byName(series, orderName), naive: byName(series, naiveName)}, facts, err
}

// sparedMetrics are the columns of the table.
var sparedMetrics = []report.Metric{report.EngineTx, report.CPU, report.CPUEngine, report.CPUServiceDB, report.CPUWorkers}

// sparedTable has a row for each saving; the first is the platform as it is.
func sparedTable(all []spared) *report.Table {
	header := []string{"per order"}
	for _, m := range sparedMetrics {
		header = append(header, string(m))
	}
	t := report.NewTable(append(header, "floor-n: "+string(report.EngineTx), "floor-n: "+string(report.CPU))...)
	for _, one := range all {
		cells := []string{one.name}
		for _, m := range sparedMetrics {
			cells = append(cells, report.Beside(one.order, all[0].order, m))
		}
		for _, m := range []report.Metric{report.EngineTx, report.CPU} {
			cells = append(cells, report.Beside(one.naive, all[0].naive, m))
		}
		t.Row(cells...)
	}
	return t
}
