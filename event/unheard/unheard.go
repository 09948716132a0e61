// Package unheard finds listeners that have stopped.
//
// A saga that goes on by events stands still where a group does not listen: its processes
// are gone, its consumer was deleted, or it cannot keep up. Nothing fails then, so those
// who tell events must notice. The broker knows which events a group has not acknowledged,
// also of a group that has never listened. An event that a listener could not handle is
// acknowledged: it is a letter of the group, which has flags of its own (see package
// inbox).
package unheard

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/background"
)

const (
	// After is how long an event may be told without being handled.
	After = time.Minute
	// every is the default interval of measurements.
	every = 10 * time.Second
)

// Standing is how a group stands.
type Standing struct {
	Group string `json:"group"`
	// Oldest is when the broker stored the oldest event for the group that it has not
	// acknowledged, in UTC; zero for none.
	Oldest time.Time `json:"oldest,omitzero"`
	// Late is set if that was longer than [After] ago.
	Late bool `json:"late"`
}

// Stand asks the broker how each listener stands at the given time. If it cannot answer
// about one, the error says so, and the others are returned nevertheless.
func Stand(ctx context.Context, gauge event.Gauge, listeners []event.Listener, now time.Time) (all []Standing, failed error) {
	for _, l := range listeners {
		oldest, err := gauge.Oldest(ctx, l.Group, l.Topics())
		if err != nil {
			failed = cmp.Or(failed, err)
			continue
		}
		all = append(all, Standing{l.Group, oldest, !oldest.IsZero() && now.Sub(oldest) > After})
	}
	return all, failed //nolint:wrapcheck // it names the group
}

// Config configures a [Watch]. All but Every and Observe must be set.
type Config struct {
	Gauge     event.Gauge
	Listeners []event.Listener
	// Every is the interval of measurements. The default is 10 s.
	Every time.Duration
	// Observe is told the age of the oldest event that a group has not handled, 0 for none.
	Observe func(group string, age time.Duration)
	Logger  *slog.Logger
}

// Watch measures listeners. It runs once, and is safe for concurrent use.
type Watch struct {
	// Loop is that of the measurements.
	Loop *background.Loop

	c      Config
	mu     sync.Mutex
	latest []Standing
}

// New returns a watch that does not run yet.
func New(c Config) *Watch {
	w := &Watch{c: c}
	if c.Observe == nil {
		w.c.Observe = func(string, time.Duration) {}
	}
	w.Loop = background.NewLoop(background.LoopConfig{Name: "listeners", Every: cmp.Or(c.Every, every), Round: w.measure, Logger: c.Logger})
	return w
}

// Run measures until ctx ends.
func (w *Watch) Run(ctx context.Context) error { return w.Loop.Run(ctx) }

// measure asks the broker. A group about which it does not answer stays as it was.
func (w *Watch) measure(ctx context.Context) error {
	now := time.Now()
	all, err := Stand(ctx, w.c.Gauge, w.c.Listeners, now)
	for _, s := range all {
		age := time.Duration(0)
		if !s.Oldest.IsZero() {
			age = max(0, now.Sub(s.Oldest)) // both are of the broker and this host
		}
		w.c.Observe(s.Group, age)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.latest {
		if !slices.ContainsFunc(all, func(n Standing) bool { return n.Group == s.Group }) {
			all = append(all, s)
		}
	}
	w.latest = all
	return err
}

// Late returns the groups that were late at the last measurement.
func (w *Watch) Late() (late []Standing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.latest {
		if s.Late {
			late = append(late, s)
		}
	}
	return late
}

// Warnings names the groups that are late, for operators.
func (w *Watch) Warnings() (all []string) {
	for _, s := range w.Late() {
		all = append(all, fmt.Sprintf("%s has not handled an event of %s ago: no process of it listens, or it cannot keep up",
			s.Group, time.Since(s.Oldest).Truncate(time.Second)))
	}
	return all
}
