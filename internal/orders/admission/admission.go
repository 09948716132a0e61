// Package admission keeps more placements from starting than the platform can decide
// in time. A placement that it refuses has started nothing. Package shed of the API keeps
// back questions by a gate of the same kind.
//
// Two signals decide, because work waits in two places:
//
//   - The time that placements take. One is acknowledged by its first workflow task,
//     which waits in the same line as the tasks of all sagas: for the engine, its
//     database and the order service's workers. Too slow a placement lowers the number
//     that may be in flight, quick ones raise it (additive increase, multiplicative
//     decrease). The measure is absolute, because the goal is: a placement must be
//     acknowledged before its timeout, or its client does not know its outcome.
//   - The time that tasks wait for a worker of a service, which placements do not feel.
//     So the engine is asked how long its queues are; see [Backlog]. If they are too
//     long, no more orders are let in than workers take, and fewer the longer they are.
//
// A limiter that compares latencies with their own past, such as failsafe-go's
// adaptivelimiter, fits neither: it takes 50 samples for each step of one, which is
// minutes at the rate of a starved machine, it learns an overload that lasts as the
// new normal, and a placement that timed out is no sample.
package admission

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Config configures a [Gate]. Start from [DefaultConfig].
type Config struct {
	// Least and Most bound how many placements may be in flight. Default: 4 and 256.
	Least, Most int
	// Latency is how long a placement may take before fewer are let in. Default: 1 s.
	Latency time.Duration
	// Wait is how long a placement waits for its turn before it is refused, so that a
	// short burst is not. Default: 1 s.
	Wait time.Duration
	// Backlog is how long the steps of a new order may have to wait for workers: behind
	// so long a wait as many orders are let in as workers take, behind twice as long a
	// one none. Default: 10 s; an order that waits 30 s counts as stuck.
	Backlog time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Least: 4, Most: 256, Latency: time.Second, Wait: time.Second, Backlog: 10 * time.Second}
}

// Validate returns every problem at once, or nil.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(c.Least >= 1 && c.Least <= c.Most && c.Most <= 100_000, "placements in flight: %d to %d is no range from 1 to 100000", c.Least, c.Most)
	check(c.Latency >= time.Millisecond, "placement latency %s is below 1ms", c.Latency)
	check(c.Wait >= 0 && c.Wait <= 10*time.Second, "wait for a placement's turn %s is not between 0 and 10s", c.Wait)
	check(c.Backlog >= time.Second, "backlog %s is below 1s", c.Backlog)
	return errors.Join(problems...)
}

// The causes of a refusal.
var (
	// ErrBusy means that as many placements are in flight as may be.
	ErrBusy = errors.New("too many placements are in flight")
	// ErrBacklog means that the orders that were placed wait too long already.
	ErrBacklog = errors.New("tasks of earlier orders wait too long for a worker")
)

const (
	// firstLimit is the limit before anything is known.
	firstLimit = 16
	// shrink is what a slow placement leaves of the limit.
	shrink = 0.7
)

// State is a gate's state at one moment, and its counters since its creation.
type State struct {
	Limit, InFlight, Waiting int
	Backlog                  time.Duration // that the steps of a new order would wait
	Busy, Backlogged         int64         // refusals by cause
}

// Pressed reports whether a gate in a state lets some wait, or bounds their rate because of
// the backlog.
func (c Config) Pressed(s State) bool { return s.Waiting > 0 || s.Backlog > c.Backlog/2 }

// Gate lets placements in. It is safe for concurrent use.
type Gate struct {
	c       Config
	backlog func(context.Context) Estimate // must not block
	behind  *rate.Limiter                  // of placements, while there is a backlog
	now     func() time.Time

	mu      sync.Mutex
	limit   float64
	turns   int             // in flight
	line    []chan struct{} // those that wait for a turn, the first one first
	slowed  time.Time       // when the limit was last lowered
	refused State           // counters only
}

// New returns a gate. backlog returns how long the steps of a new order would wait for
// workers; it must not block. now is the clock.
func New(c Config, backlog func(context.Context) Estimate, now func() time.Time) *Gate {
	return &Gate{c: c, backlog: backlog, behind: rate.NewLimiter(0, 2), now: now, limit: float64(min(max(firstLimit, c.Least), c.Most))}
}

// State returns the gate's state.
func (g *Gate) State(ctx context.Context) State {
	wait := g.backlog(ctx).Wait
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.refused
	s.Limit, s.InFlight, s.Waiting, s.Backlog = int(g.limit), g.turns, len(g.line), wait
	return s
}

// Enter lets a placement in, if need be after a wait. Its error is [ErrBusy],
// [ErrBacklog] or that of ctx. The caller must call Leave of the turn.
func (g *Gate) Enter(ctx context.Context) (*Turn, error) {
	asked := g.now()
	if !g.bearable(g.backlog(ctx)) {
		return nil, ErrBacklog
	}
	called, free := g.queue()
	if free {
		return &Turn{gate: g, asked: asked, began: g.now()}, nil
	}
	late := time.NewTimer(g.c.Wait)
	defer late.Stop()
	var err error
	select {
	case <-called:
		return &Turn{gate: g, asked: asked, began: g.now(), waited: true}, nil
	case <-late.C:
		err = ErrBusy
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if g.abandon(called, err) {
		return nil, err
	}
	return &Turn{gate: g, asked: asked, began: g.now(), waited: true}, nil // it was called at the last moment
}

// bearable reports whether an order may be placed behind a backlog. The rate falls
// with the wait, from once and a half to none of that of the workers: it meets theirs
// at the wait that is configured, whatever the number of API processes below twice it.
func (g *Gate) bearable(e Estimate) bool {
	if e.Wait <= g.c.Backlog/2 { // as in Pressed
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.behind.SetLimitAt(now, rate.Limit(max(0, e.Rate*(2-float64(e.Wait)/float64(g.c.Backlog)))))
	if g.behind.AllowN(now, 1) {
		return true
	}
	g.refused.Backlogged++
	return false
}

// queue takes a turn if one is free, otherwise a place in the line.
func (g *Gate) queue() (called chan struct{}, free bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.turns < int(g.limit) {
		g.turns++
		return nil, true
	}
	called = make(chan struct{})
	g.line = append(g.line, called)
	return called, false
}

// abandon leaves the line. It returns false if the turn has come.
func (g *Gate) abandon(called chan struct{}, why error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, c := range g.line {
		if c == called {
			g.line = append(g.line[:i:i], g.line[i+1:]...)
			if errors.Is(why, ErrBusy) {
				g.refused.Busy++
			}
			return true
		}
	}
	return false
}

// Turn is a placement in flight. It is for one goroutine.
type Turn struct {
	gate   *Gate
	asked  time.Time
	began  time.Time
	waited bool
}

// Took returns the time since the placement asked for its turn.
func (t *Turn) Took() time.Duration { return t.gate.now().Sub(t.asked) }

// Placed records that the engine has just taken an order that is new to it. An order
// that it knew says nothing: its answer is read, not worked for.
func (t *Turn) Placed() { t.Answered() }

// Answered records that the work behind the turn was done, and by that how long it took.
func (t *Turn) Answered() {
	if took := t.gate.now().Sub(t.began); took > t.gate.c.Latency {
		t.gate.lower(t.began)
	} else if took <= t.gate.c.Latency/2 {
		t.gate.raise(t.waited)
	}
}

// Lost records that the outcome of the placement is unknown, which is slower than any.
func (t *Turn) Lost() { t.gate.lower(t.began) }

// Leave ends the turn.
func (t *Turn) Leave() {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turns--
	g.call()
}

// call gives the free turns to the line.
func (g *Gate) call() {
	for len(g.line) > 0 && g.turns < int(g.limit) {
		g.turns++
		close(g.line[0])
		g.line = g.line[1:]
	}
}

// raise raises the limit if it was felt: unused, it would grow without any evidence.
// Until the first slow placement it grows by one for each quick one, later by about
// one for each round of them.
func (g *Gate) raise(waited bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !waited && g.turns < int(g.limit) {
		return
	}
	step := 1.0
	if !g.slowed.IsZero() {
		step = 1 / g.limit
	}
	g.limit = min(g.limit+step, float64(g.c.Most))
	g.call()
}

// lower lowers the limit, once for all placements that were in flight together: one
// that began before the limit was last lowered says nothing about the present one.
func (g *Gate) lower(began time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if began.Before(g.slowed) {
		return
	}
	g.slowed = g.now()
	g.limit = max(g.limit*shrink, float64(g.c.Least))
}
