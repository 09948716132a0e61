package main

import (
	"context"
	"fmt"

	"github.com/amends/amends/proof/bench/report"
)

// A page's first change after a checkpoint writes the whole page into the WAL, so an
// order's share of that depends on the orders since the last checkpoint, and on the
// number of pages that they share.

// variant is a way to run PostgreSQL that changes the whole pages in its WAL.
type variant struct {
	name       string
	parameters map[string]string
	far        bool // without a checkpoint before the orders
}

// distance is the number of windows of orders between the checkpoint and the orders of
// a variant that is far from it.
const distance = 4

var variants = []variant{
	{name: "wal_compression on", parameters: map[string]string{"wal_compression": "on"}},
	{name: "full_page_writes off", parameters: map[string]string{"full_page_writes": "off"}},
	// With these no other checkpoint comes between.
	{name: "the checkpoint %d orders before", parameters: map[string]string{"max_wal_size": "64GB", "checkpoint_timeout": "1h"}, far: true},
}

// written is the WAL of a young and an old platform.
type written struct {
	name       string
	young, old report.Series
}

// explain measures the WAL of both platforms in each variant, in one round each.
func (f *flatness) explain(ctx context.Context, both []*aged) ([]written, error) {
	all := []written{{"a checkpoint just before", both[0].measured.Rounds, both[1].measured.Rounds}}
	seed := f.seed + 1 + uint64(f.rounds) //nolint:gosec // not negative
	for _, v := range variants {
		name := v.name
		if v.far {
			name = fmt.Sprintf(name, distance*f.window)
		}
		w := written{name: name}
		for _, a := range both {
			s, err := f.varied(ctx, a, v, seed)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			a.tell(a.measured.Name+", "+name, 0, 1, s)
			if a == both[0] {
				w.young = report.Series{s}
			} else {
				w.old = report.Series{s}
			}
		}
		all = append(all, w)
		seed += 2
	}
	return all, nil
}

// varied measures a round of a platform in a variant.
func (f *flatness) varied(ctx context.Context, a *aged, v variant, seed uint64) (report.Sample, error) {
	if err := a.rig.Configure(ctx, v.parameters); err != nil {
		return nil, err
	}
	c := ordering(a.rig, a.rig.Platform().Layout)
	w := work{concurrency: f.concurrency, orders: f.window, seed: seed}
	if !v.far {
		return a.round(ctx, c, w)
	}
	if err := a.rig.Checkpoint(ctx); err != nil {
		return nil, err
	}
	between := work{concurrency: f.concurrency, orders: distance * f.window, seed: seed + 1}
	if _, err := c.run(ctx, between, func() {}); err != nil {
		return nil, err
	}
	if _, err := a.read(ctx); err != nil { // everything is quiet
		return nil, err
	}
	return a.resume(ctx, c, w)
}

// walMetrics are the columns of the table.
var walMetrics = []report.Metric{report.EngineWAL, report.EngineImages, report.ServiceWAL, report.ServiceImages, report.CPU}

// walTable has a row for each variant.
func walTable(all []written) *report.Table {
	header := []string{"per order"}
	for _, m := range walMetrics {
		header = append(header, string(m))
	}
	t := report.NewTable(header...)
	for _, w := range all {
		cells := []string{w.name}
		for _, m := range walMetrics {
			cells = append(cells, report.Change(w.young, w.old, m))
		}
		t.Row(cells...)
	}
	return t
}
