package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/shoptest"
)

// Options define a run.
type Options struct {
	// Seed draws the schedule and the customers.
	Seed uint64
	// For is the time in which faults begin and orders are placed.
	For time.Duration
	// Orders is how many customers there are; 8 or more, so that each kind comes.
	Orders int
	// Timing of the platform.
	Timing Timing
	// Where is the place of the run.
	Where Where
	// Plant damages a database before the judgement; empty: nothing is damaged.
	Plant Plant
}

// bound is that of the timing. A short run is a test, which does not judge how fast a machine
// is: it may take three times as long.
func (o Options) bound() time.Duration {
	if o.For < time.Minute {
		return 3 * o.Timing.bound()
	}
	return o.Timing.bound()
}

// Run breaks a platform and judges it. The report has the violations; the test
// fails only if there can be no judgement.
func Run(tb testing.TB, o Options) *Report {
	tb.Helper()
	if o.Seed%2 == 1 {
		// Every other run has the doctor beside it, which must do no harm.
		o.Timing.Doctor = 10 * time.Second
	}
	schedule, orders := Schedule(o.Seed, o.For, o.Timing), Orders(o.Seed, o.Orders, o.For)
	keep(tb, o.Where.Dir, "schedule.json", schedule)
	keep(tb, o.Where.Dir, "orders.json", orders)

	p := start(tb, o.Where, o.Timing, 1+o.Orders/4)
	ctx, cancel := context.WithTimeout(tb.Context(), o.For+4*maxFault+o.bound())
	defer cancel()
	watched, unwatch := context.WithCancel(ctx)
	defer unwatch()
	for _, part := range p.parts {
		go part.watch(watched)
	}
	c := p.customers(tb)
	p.signIn(tb, orders)
	c.visit(ctx, orders)
	h := p.breakAll(ctx, schedule)
	lastFault := time.Now()

	r := &Report{Options: o, Schedule: len(schedule), Hits: h}
	// Customers who are still placing have the same time to a decision.
	deadline, enough := context.WithTimeout(ctx, o.bound())
	defer enough()
	r.add(c.wait(deadline))
	shop := p.open(tb)
	r.add(p.quiet(deadline, shop, o.bound()))
	r.ToQuiet = time.Since(lastFault)
	r.add(p.follow(ctx, shop))
	unwatch()
	if o.Plant != "" {
		victim, err := p.plant(ctx, o.Plant)
		require.NoError(tb, err)
		tb.Logf("planted %s: %s", o.Plant, victim)
	}
	v, err := p.judge(ctx, shop, c, orders)
	require.NoError(tb, err)
	r.read(p, c, v)
	keep(tb, o.Where.Dir, "report.json", r)
	return r
}

// start starts a platform that ends with the test. hotStock is the stock of the
// product that every customer wants.
func start(tb testing.TB, w Where, timing Timing, hotStock int) *platform {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Minute)
	defer cancel()
	p, err := startPlatform(ctx, w, timing, hotStock)
	tb.Cleanup(func() {
		if err := p.stop(); err != nil {
			tb.Errorf("stop the platform: %v", err)
		}
	})
	require.NoError(tb, err)
	return p
}

// customers returns customers of the platform, with a journal.
func (p *platform) customers(tb testing.TB) *customers {
	tb.Helper()
	j, err := newJournal(filepath.Join(p.dir, "acknowledged.jsonl"))
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, j.close()) })
	c, err := newCustomers(p.url, p.parts[apiName].admin, j)
	require.NoError(tb, err)
	return c
}

// open opens every database, without lines.
func (p *platform) open(tb testing.TB) *shoptest.Shop {
	tb.Helper()
	return shoptest.Open(tb, p.dsns, false)
}

// keep writes a value into the run's folder.
func keep(tb testing.TB, dir, name string, what any) {
	tb.Helper()
	text, err := json.MarshalIndent(what, "", "  ")
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(filepath.Join(dir, name), append(text, '\n'), 0o600))
}

// wait waits until every customer has been answered, or ctx ends. Then it ends the
// turns of the others: no customer records anything any more.
func (c *customers) wait(ctx context.Context) error {
	all := make(chan struct{})
	go func() {
		c.group.Wait()
		close(all)
	}()
	defer func() { <-all }()
	defer c.leave()
	select {
	case <-all:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("I4: not every customer was answered"), fmt.Errorf("waited: %w", context.Cause(ctx)))
	}
}
