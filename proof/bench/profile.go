package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/proof/bench/areas"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
)

// longest is the most seconds of a profile: an answer of the platform may take a
// minute.
const longest = 50

// profiled is a process with a profile of its CPU time.
type profiled struct {
	name   string // as the table calls it
	part   string // as the rig calls it
	of     string // the contender that it works for
	metric report.Metric
	shares map[areas.Area]float64
}

// file is the name of the profile's file.
func (p *profiled) file() string { return strings.ReplaceAll(p.name, ", ", "-") + ".pprof" }

// takeProfiles runs every contender with a client and one worker for all services once
// more, with a CPU profile of the engine and of both. The profiles stay in a folder.
func (c *comparison) takeProfiles(ctx context.Context, m *meter, all []contender) ([]*profiled, error) {
	if err := os.MkdirAll(c.profile, 0o755); err != nil { //nolint:gosec // for any reader
		return nil, err
	}
	var list []*profiled
	for _, who := range all {
		if who.name == bareName || len(who.workers) != 1 || who.front == "" {
			continue
		}
		if err := c.ready(ctx, m, who); err != nil {
			return nil, err
		}
		fmt.Fprintf(m.say, "%s: profiling\n", who.name)
		of := []*profiled{
			{name: "engine, " + who.name, part: rig.Engine, metric: report.CPUEngine},
			{name: "workers, " + who.name, part: who.workers[0], metric: report.CPUWorkers},
			{name: who.front, part: who.front, metric: report.CPUFront},
		}
		of = slices.DeleteFunc(of, func(p *profiled) bool { return m.rig.Profiles(p.part) == "" })
		var both errgroup.Group
		for _, p := range of {
			p.of = who.name
			both.Go(func() error { return c.takeProfile(ctx, m.rig, p) })
		}
		w := work{concurrency: slices.Max(c.concurrency), duration: c.duration, seed: c.seed}
		_, err := who.run(ctx, w, func() {})
		if err := errors.Join(err, both.Wait()); err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	return list, nil
}

// takeProfile profiles a process for the length of a round.
func (c *comparison) takeProfile(ctx context.Context, r *rig.Rig, p *profiled) error {
	url := r.Profiles(p.part) + "profile?seconds=" + strconv.Itoa(min(max(1, int(c.duration.Seconds())), longest))
	text, err := keepProfile(ctx, url, filepath.Join(c.profile, p.file()))
	if err != nil {
		return fmt.Errorf("profile of %s: %w", p.name, err)
	}
	if p.shares, err = areas.Read(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// keepProfile gets a profile, and leaves it in a file.
func keepProfile(ctx context.Context, url, file string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := new(http.Client).Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return text, os.WriteFile(file, text, 0o644) //nolint:gosec // for any reader
}

// whereItGoes is the table of the purposes of an order's CPU time, in
// milliseconds: each area's share of the profile, of the CPU time of the rounds.
func whereItGoes(list []*profiled, measured []report.Contender) *report.Table {
	header := []string{"CPU per order, ms"}
	total := make([]float64, len(list))
	for i, p := range list {
		header = append(header, p.name)
		if stat, ok := byName(measured, p.of).Of(p.metric); ok {
			total[i] = stat.Median
		}
	}
	t := report.NewTable(header...)
	row := func(name string, of func(i int) float64) {
		cells, some := []string{name}, false
		for i := range list {
			cell := fmt.Sprintf("%.2f", of(i))
			some = some || cell != "0.00"
			cells = append(cells, cell)
		}
		if some {
			t.Row(cells...)
		}
	}
	for _, a := range areas.All {
		row(string(a), func(i int) float64 { return list[i].shares[a] * total[i] })
	}
	row("all", func(i int) float64 { return total[i] })
	return t
}
