package main

import (
	"context"
	"encoding/base64"
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
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
)

// savings is `bench savings`: the costs of an order without each single saving.
type savings struct {
	options
	pacing

	concurrency int
	only        []string
	builds      []string // name=folder
}

// saving is one saving, and how to run everything without it. Savings of the
// platform can be changed on a running rig, so all of these take turns, as
// contenders do. A saving of the engine has a rig of its own.
type saving struct {
	name     string
	platform func(*rig.Platform)
	engine   func(*rig.Options)
}

// asItIs is the platform with its defaults, and untold the one that tells no facts, which
// a patch makes.
const (
	asItIs = "as it is"
	untold = "nothing told to the other services"
)

// settings are the savings that a setting reverts.
var settings = []saving{
	{name: "no step express", platform: setting("AMENDS_SAGA_EXPRESS=false")},
	{name: "guests' orders looked for under the key of 0.1.0", platform: setting("AMENDS_EARLIER_ORDERS=true")},
	{name: fmt.Sprintf("one poll open instead of %d", engine.DefaultPollers().Min), platform: setting("AMENDS_WORKER_MIN_POLLERS=1")},
	{name: fmt.Sprintf("at most 4 polls instead of %d", engine.DefaultPollers().Max), platform: setting("AMENDS_WORKER_MAX_POLLERS=4")},
	{name: "no sagas kept between their tasks", platform: setting("AMENDS_WORKER_WORKFLOW_CACHE=1")},
	{name: "2 connections and slots for each service", platform: connections("2")},
	{name: "statements prepared anew each time", platform: executed("exec")},
	{name: "payloads sealed", platform: setting("AMENDS_PAYLOAD_KEYS=bench=" + base64.StdEncoding.EncodeToString(make([]byte, 32)))},
	{name: "the API in the services' process", platform: divided(rig.Together)},
	{name: "the order service alone in a process: first tries over gRPC", platform: divided(rig.Apart)},
	{name: "a process for each service", platform: divided(rig.Split)},
	{name: "a process for each service, with mutual TLS", platform: divided(rig.MTLS)},
	{name: fmt.Sprintf("4 history shards instead of %d", temporalserver.Shards), engine: shards(4)},
	{name: fmt.Sprintf("512 history shards instead of %d", temporalserver.Shards), engine: shards(512)},
	{name: "queues polled 20 times a second at most", engine: undone("history.transferProcessorMaxPollRPS", "history.timerProcessorMaxPollRPS")},
	{name: "one write at a time for each shard", engine: undone("history.shardIOConcurrency")},
	{name: "four partitions for each task queue", engine: undone("matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions")},
	{name: "ended sagas and their events kept in memory", engine: undone("history.cacheTTL", "history.cacheBackgroundEvict", "history.eventsCacheMaxSizeBytes", "history.xdcCacheMaxSizeBytes")},
}

func setting(variables ...string) func(*rig.Platform) {
	return func(p *rig.Platform) { p.Environ = append(slices.Clone(p.Environ), variables...) }
}

func divided(l rig.Layout) func(*rig.Platform) { return func(p *rig.Platform) { p.Layout = l } }

// executed sets the driver's mode of executing statements.
func executed(mode string) func(*rig.Platform) {
	return func(p *rig.Platform) { p.Database = url.Values{"default_query_exec_mode": {mode}} }
}

// connections bounds the pools of all services, and with them how many of their
// steps run at a time.
func connections(n string) func(*rig.Platform) {
	var variables []string
	for _, service := range rig.Services() {
		variables = append(variables, "AMENDS_SERVICES_"+strings.ToUpper(service)+"_MAX_CONNS="+n)
	}
	return setting(variables...)
}

// built is another binary.
func built(folder string) func(*rig.Platform) {
	return func(p *rig.Platform) { p.Amends = filepath.Join(folder, "amends") }
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

// list returns the measurements: savings of the platform, and of the engine, each
// with the platform as it is before and after, to show the difference between two
// measurements of the same.
func (s *savings) list() (platform, engine []saving, err error) {
	all := slices.Clone(settings)
	for _, b := range s.builds {
		name, folder, ok := strings.Cut(b, "=")
		if !ok {
			return nil, nil, fmt.Errorf("build: %q must be NAME=FOLDER", b)
		}
		folder, err := filepath.Abs(folder) // processes have other working directories
		if err != nil {
			return nil, nil, fmt.Errorf("build: %w", err)
		}
		all = append(all, saving{name: name, platform: built(folder)})
	}
	for _, one := range all {
		switch {
		case len(s.only) > 0 && !slices.ContainsFunc(s.only, func(begin string) bool { return strings.HasPrefix(one.name, begin) }):
		case one.engine != nil:
			engine = append(engine, one)
		default:
			platform = append(platform, one)
		}
	}
	between := func(list []saving, same saving) []saving {
		if len(list) == 0 {
			return nil
		}
		return append(append([]saving{same}, list...), same)
	}
	return between(platform, saving{name: asItIs, platform: func(*rig.Platform) {}}),
		between(engine, saving{name: asItIs, engine: func(*rig.Options) {}}), nil
}

func (s *savings) run(ctx context.Context, out, say io.Writer) error {
	ofPlatform, ofEngine, err := s.list()
	if err != nil {
		return err
	}
	var facts [][2]string
	var platform, engine []report.Contender
	if len(ofPlatform) > 0 {
		if platform, facts, err = s.inTurn(ctx, ofPlatform, say); err != nil {
			return err
		}
	}
	for _, one := range ofEngine {
		result, known, err := s.apart(ctx, one, say)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		if engine = append(engine, result); facts == nil {
			facts = known
		}
	}
	return s.publish(out, report.Savings, func(table func(*report.Table) string) string {
		var b strings.Builder
		b.WriteString(report.Facts(facts))
		fmt.Fprintf(&b, "\n%d at a time on %s, medians of %d rounds of %s; in brackets the ratio to the two \"%s\" rows together.\n",
			s.concurrency, names[onPostgres], s.rounds, s.duration, asItIs)
		if platform != nil {
			b.WriteString("\nThe platform's, in turn on the same engine:\n\n" + table(sparedTable(platform)))
			if without := byName(platform, untold); without != nil {
				b.WriteString("\n" + table(report.Verdicts([]report.Aim{report.Telling(complete(platform), without)})))
			}
		}
		if engine != nil {
			b.WriteString("\nThe engine's, each on a new one:\n\n" + table(sparedTable(engine)))
		}
		return b.String()
	})
}

// inTurn measures the platform without each saving, on one rig.
func (s *savings) inTurn(ctx context.Context, list []saving, say io.Writer) (all []report.Contender, facts [][2]string, err error) {
	o := s.options
	o.alone = true
	r, stop, err := o.start(ctx, onPostgres)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if facts, err = o.machine(ctx, r, onPostgres); err != nil {
		return nil, nil, err
	}
	all, err = s.turns(ctx, r, list, say)
	return all, facts, err
}

// turns measures a round without each saving, and then the next of each. Each turn
// begins with another one, so that none always follows the same.
func (s *savings) turns(ctx context.Context, r *rig.Rig, list []saving, say io.Writer) ([]report.Contender, error) {
	whole := r.Platform()
	m := &meter{rig: r, settle: s.settle, say: say}
	all := make([]report.Contender, len(list))
	for round := range s.rounds {
		m.idles = nil
		for i := range list {
			i = (i + round*len(list)/s.rounds) % len(list)
			without := whole
			list[i].platform(&without)
			sample, err := s.round(ctx, m, without, round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", list[i].name, err)
			}
			all[i].Name, all[i].Rounds = list[i].name, append(all[i].Rounds, sample)
			m.tell(list[i].name, round, s.rounds, sample)
		}
	}
	return all, nil
}

// round measures one round of another platform. The use without orders is that of the
// turn's first platform in the same layout.
func (s *savings) round(ctx context.Context, m *meter, p rig.Platform, round int) (report.Sample, error) {
	if err := m.turn(ctx, p, work{concurrency: s.concurrency, duration: s.warm, seed: s.seed}); err != nil {
		return nil, err
	}
	w := work{concurrency: s.concurrency, duration: s.duration, seed: s.seed + uint64(round)} //nolint:gosec // not negative
	return m.round(ctx, ordering(m.rig, p.Layout), w)
}

// apart measures on a rig of its own whose engine lacks the saving.
func (s *savings) apart(ctx context.Context, one saving, say io.Writer) (result report.Contender, facts [][2]string, err error) {
	fmt.Fprintf(say, "%s\n", one.name)
	c := comparison{options: s.options, pacing: s.pacing, concurrency: []int{s.concurrency}}
	c.alone, c.without = true, one.engine
	r, stop, err := c.start(ctx, onPostgres)
	if err != nil {
		return result, nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if facts, err = c.machine(ctx, r, onPostgres); err != nil {
		return result, nil, err
	}
	m := &meter{rig: r, settle: c.settle, say: say}
	who := []contender{ordering(r, r.Platform().Layout)}
	if err := c.warmUp(ctx, m, who); err != nil {
		return result, nil, err
	}
	series, err := c.measure(ctx, m, who, s.concurrency)
	if err != nil {
		return result, nil, err
	}
	return report.Contender{Name: one.name, Rounds: series[0].Rounds}, facts, nil
}

// sparedMetrics are the columns of the table.
var sparedMetrics = []report.Metric{
	report.EngineTx, report.Events, report.EventsDelivered, report.AckP50, report.DecidedP50, report.CPU, report.CPUEngine, report.CPUServiceDB, report.CPUWorkers,
}

// complete are the rounds of the platform as it is: the first and the last of all.
func complete(all []report.Contender) report.Series {
	return slices.Concat(all[0].Rounds, all[len(all)-1].Rounds)
}

// sparedTable has a row for each saving; the first and the last are the platform as
// it is.
func sparedTable(all []report.Contender) *report.Table {
	header := []string{"per order"}
	for _, m := range sparedMetrics {
		header = append(header, string(m))
	}
	both := complete(all)
	t := report.NewTable(header...)
	for _, one := range all {
		cells := []string{one.Name}
		for _, m := range sparedMetrics {
			cells = append(cells, report.Beside(one.Rounds, both, m))
		}
		t.Row(cells...)
	}
	return t
}
