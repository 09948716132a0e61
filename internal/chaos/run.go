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

	"github.com/amends/amends/internal/shoptest"
)

// Options say what a run does.
type Options struct {
	// Seed draws the schedule and the customers.
	Seed uint64
	// For is how long faults are begun, and orders placed.
	For time.Duration
	// Orders is how many customers there are; 8 or more, so that each kind comes.
	Orders int
	// Timing of the platform.
	Timing Timing
	// Where it runs.
	Where Where
	// Plant damages a database before the judgement; empty: nothing is damaged.
	Plant Plant
}

// Run breaks a platform and judges it. The report says what is wrong; the test
// fails only if that cannot be found out.
func Run(t testing.TB, o Options) *Report {
	t.Helper()
	schedule, orders := Schedule(o.Seed, o.For, o.Timing), Orders(o.Seed, o.Orders, o.For)
	keep(t, o.Where.Dir, "schedule.json", schedule)
	keep(t, o.Where.Dir, "orders.json", orders)

	p := start(t, o.Where, o.Timing)
	ctx, cancel := context.WithTimeout(t.Context(), o.For+2*maxFault+o.Timing.bound())
	defer cancel()
	watched, unwatch := context.WithCancel(ctx)
	defer unwatch()
	for _, part := range p.parts {
		go part.watch(watched)
	}
	c := p.customers(t)
	c.visit(ctx, orders)
	h := p.breakAll(ctx, schedule)
	lastFault := time.Now()

	r := &Report{Options: o, Schedule: len(schedule), Hits: h}
	// Those who are still placing have as long as everybody else to be decided.
	deadline, enough := context.WithTimeout(ctx, o.Timing.bound())
	defer enough()
	r.add(c.wait(deadline))
	shop := p.open(t)
	r.add(p.quiet(deadline, shop, o.Timing.bound()))
	r.ToQuiet = time.Since(lastFault)
	unwatch()
	if o.Plant != "" {
		victim, err := p.plant(ctx, o.Plant)
		require.NoError(t, err)
		t.Logf("planted %s: %s", o.Plant, victim)
	}
	v, err := p.judge(ctx, shop, c, orders)
	require.NoError(t, err)
	r.read(p, c, v)
	keep(t, o.Where.Dir, "report.json", r)
	return r
}

// start starts a platform that ends with the test.
func start(t testing.TB, w Where, timing Timing) *platform {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	p, err := startPlatform(ctx, w, timing)
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stop the platform: %v", err)
		}
	})
	require.NoError(t, err)
	return p
}

// customers returns customers of the platform, with a journal.
func (p *platform) customers(t testing.TB) *customers {
	t.Helper()
	j, err := newJournal(filepath.Join(p.dir, "acknowledged.jsonl"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.close()) })
	c, err := newCustomers(p.url, j)
	require.NoError(t, err)
	return c
}

// open opens every database, over no line.
func (p *platform) open(t testing.TB) *shoptest.Shop {
	t.Helper()
	return shoptest.Open(t, p.dsns, false)
}

// keep writes something into the run's folder.
func keep(t testing.TB, dir, name string, what any) {
	t.Helper()
	text, err := json.MarshalIndent(what, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), append(text, '\n'), 0o600))
}

// wait waits until everybody has been answered, or ctx ends.
func (c *customers) wait(ctx context.Context) error {
	all := make(chan struct{})
	go func() {
		c.group.Wait()
		close(all)
	}()
	select {
	case <-all:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("I4: not every customer was answered"), fmt.Errorf("waited: %w", context.Cause(ctx)))
	}
}
