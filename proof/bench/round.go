package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/amends/amends/proof/bench/measure"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
	"github.com/amends/amends/proof/wait"
)

// histories is how many histories of a round are read.
const histories = 20

// meter measures rounds on a rig.
type meter struct {
	rig    *rig.Rig
	settle time.Duration
	say    io.Writer
	idle   map[rig.Counter]float64 // the use without orders, per second
	idles  map[rig.Layout]map[rig.Counter]float64
}

// turn restarts the platform as another one, runs orders that do not count, and returns
// when everything idles. The use without orders is measured once for each layout.
func (m *meter) turn(ctx context.Context, p rig.Platform, warm work) error {
	if err := m.rig.Change(ctx, p); err != nil {
		return err
	}
	if _, err := ordering(m.rig, p.Layout).run(ctx, warm, func() {}); err != nil {
		return err
	}
	if err := m.caughtUp(ctx); err != nil {
		return err
	}
	if m.idle = m.idles[p.Layout]; m.idle != nil {
		return wait.For(ctx, m.settle)
	}
	return m.watchIdle(ctx)
}

// caughtUp waits until the listeners have been delivered the events that were told while they
// did not run: some layouts have listeners that others have not, and their arrears are no use
// of an idle rig.
func (m *meter) caughtUp(ctx context.Context) error {
	for last := -1.0; ; {
		c, err := m.rig.Read(ctx)
		if err != nil || c.Values[rig.Delivered] == last {
			return err
		}
		last = c.Values[rig.Delivered]
		if err := wait.For(ctx, time.Second); err != nil {
			return err
		}
	}
}

// read reads the counters when everything has settled.
func (m *meter) read(ctx context.Context) (rig.Counters, error) {
	if err := wait.For(ctx, m.settle); err != nil {
		return rig.Counters{}, err
	}
	return m.rig.Read(ctx)
}

// watchIdle measures the use without orders.
func (m *meter) watchIdle(ctx context.Context) error {
	before, err := m.read(ctx)
	if err != nil {
		return err
	}
	// Twice as long as the settling: late reports of idle sessions come in lumps.
	err = wait.For(ctx, m.settle)
	after, failed := m.read(ctx)
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	m.idle = map[rig.Counter]float64{}
	for c, v := range after.Values {
		m.idle[c] = (v - before.Values[c]) / after.At.Sub(before.At).Seconds()
	}
	if m.idles == nil {
		m.idles = map[rig.Layout]map[rig.Counter]float64{}
	}
	m.idles[m.rig.Platform().Layout] = m.idle
	return nil
}

// round lets the contender do the work after a checkpoint, and returns the costs of an
// order.
func (m *meter) round(ctx context.Context, c contender, w work) (report.Sample, error) {
	if err := m.rig.Checkpoint(ctx); err != nil {
		return nil, err
	}
	return m.resume(ctx, c, w)
}

// resume is round without the checkpoint.
func (m *meter) resume(ctx context.Context, c contender, w work) (report.Sample, error) {
	before, err := m.rig.Read(ctx)
	if err != nil {
		return nil, err
	}
	var after rig.Counters
	var failed error
	out, err := c.run(ctx, w, func() { after, failed = m.read(ctx) })
	if err := errors.Join(err, failed); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	if out.orders == 0 {
		return nil, fmt.Errorf("%s: nothing was done in time", c.name)
	}
	s := costs(c, m.used(before, after), out.orders)
	s[report.OrdersPerSecond] = float64(out.orders) / out.took.Seconds()
	s[report.AckP50], s[report.AckP99] = out.ackP50, out.ackP99
	s[report.DecidedP50], s[report.DecidedP99] = out.decidedP50, out.decidedP99
	return s, m.look(ctx, c, s)
}

// tell reports the figures of a round.
func (m *meter) tell(who string, round, rounds int, s report.Sample) {
	fmt.Fprintf(m.say, "%s, round %d of %d: %.1f orders/s, %.1f ms of CPU each\n",
		who, round+1, rounds, s[report.OrdersPerSecond], s[report.CPU])
}

// used is the use between two moments, without that of an idle rig.
func (m *meter) used(before, after rig.Counters) map[rig.Counter]float64 {
	used := map[rig.Counter]float64{}
	for c, v := range after.Values {
		used[c] = v - before.Values[c] - m.idle[c]*after.At.Sub(before.At).Seconds()
	}
	return used
}

// kib is one KiB, milli a thousandth of a second.
const kib, milli = 1024, 1000

// costs are a contender's costs of one order.
func costs(c contender, used map[rig.Counter]float64, orders int) report.Sample {
	s := report.Sample{}
	n := float64(orders)
	set := func(m report.Metric, factor float64, counters ...rig.Counter) {
		sum, known := 0.0, false
		for _, counter := range counters {
			if v, ok := used[counter]; ok {
				sum, known = sum+v, true
			}
		}
		if known {
			s[m] = sum * factor / n
		}
	}
	set(report.EngineTx, 1, rig.EngineStoreTx, rig.EngineIndexTx)
	set(report.EngineStoreTx, 1, rig.EngineStoreTx)
	set(report.EngineIndexTx, 1, rig.EngineIndexTx)
	set(report.EngineWritten, 1, rig.EngineWritten)
	set(report.EngineWAL, 1./kib, rig.EngineWAL)
	set(report.EngineImages, 1, rig.EngineImages)
	set(report.ServiceTx, 1, rig.ServiceTx)
	set(report.ServiceWAL, 1./kib, rig.ServiceWAL)
	set(report.ServiceImages, 1, rig.ServiceImages)
	set(report.CPUEngine, milli, rig.EngineCPU)
	set(report.CPUEngineDB, milli, rig.EngineDBCPU)
	set(report.CPUServiceDB, milli, rig.ServiceDBCPU)
	workers := of(rig.CPUOf, c.workers...)
	set(report.CPUWorkers, milli, workers...)
	all := slices.Concat(workers, []rig.Counter{rig.EngineCPU, rig.EngineDBCPU, rig.ServiceDBCPU})
	if c.front != "" {
		set(report.CPUFront, milli, rig.CPUOf(c.front))
		all = append(all, rig.CPUOf(c.front))
	}
	if c.tells {
		set(report.EventsTold, 1, rig.Told)
		set(report.EventsDelivered, 1, rig.Delivered)
		set(report.CPUBroker, milli, rig.BrokerCPU)
		all = append(all, rig.BrokerCPU)
	}
	set(report.CPU, milli, all...)
	set(report.Allocations, 1, of(rig.AllocationsOf, c.workers...)...)
	set(report.Allocated, 1./kib, of(rig.AllocatedOf, c.workers...)...)
	return s
}

// of returns the counters of some parts.
func of(counter func(part string) rig.Counter, parts ...string) (all []rig.Counter) {
	for _, part := range parts {
		all = append(all, counter(part))
	}
	return all
}

// look adds the shape of the round's last histories.
func (m *meter) look(ctx context.Context, c contender, s report.Sample) error {
	if c.workflow == "" {
		return nil
	}
	ids, err := measure.Newest(ctx, m.rig.Client, c.workflow, histories)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return fmt.Errorf("there is no history of %s", c.workflow)
	}
	var events, tasks float64
	for _, id := range ids {
		shape, err := measure.ReadShape(ctx, m.rig.Client, id)
		if err != nil {
			return err
		}
		events, tasks = events+float64(shape.Events), tasks+float64(shape.WorkflowTasks)
	}
	s[report.Events], s[report.WorkflowTasks] = events/float64(len(ids)), tasks/float64(len(ids))
	return nil
}
