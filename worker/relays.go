package worker

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
)

// lateAfter is the age of an unpublished event at which a process warns of it.
const lateAfter = 30 * time.Second

// relays starts the relay of each service's outbox. Without a bus the events wait.
func (g *Group) relays(ctx context.Context, parts *process.Parts) error {
	if g.o.Bus == nil {
		return nil
	}
	var shown *telemetry.Outboxes
	if g.o.Metrics != nil {
		var err error
		if shown, err = g.o.Metrics.Outboxes(); err != nil {
			return err //nolint:wrapcheck // it says which metrics
		}
	}
	for _, s := range g.stores {
		l := &late{service: s.Row.Name}
		if shown != nil {
			l.shown = shown.Of(s.Row.Name)
		}
		g.mu.Lock()
		g.late = append(g.late, l)
		g.mu.Unlock()
		relay := outbox.NewRelay(s.Own, g.o.Bus, outbox.Options{Service: s.Row.Name, Observer: l, Logger: g.o.Logger})
		parts.Start(ctx, process.Part{Name: "events of " + s.Row.Name, Run: relay.Run})
	}
	return nil
}

// Warnings returns what operators should know while the group is ready: events that wait
// for the broker for long, and events that it has refused. Orders do not depend on them.
func (g *Group) Warnings() (all []string) {
	g.mu.Lock()
	late := slices.Clone(g.late)
	g.mu.Unlock()
	for _, l := range late {
		all = append(all, l.warnings()...)
	}
	return all
}

// late remembers how the outbox of one service stands, and passes it on to the metrics.
type late struct {
	service string
	shown   *telemetry.Outbox // nil if nothing is measured

	mu         sync.Mutex
	rows, dead int64
	oldest     time.Duration
}

var _ outbox.Observer = (*late)(nil)

// Waiting implements [outbox.Observer].
func (l *late) Waiting(rows int64, oldest time.Duration, dead int64) {
	l.mu.Lock()
	l.rows, l.oldest, l.dead = rows, oldest, dead
	l.mu.Unlock()
	if l.shown != nil {
		l.shown.Waiting(rows, oldest, dead)
	}
}

// Published implements [outbox.Observer].
func (l *late) Published(n int) {
	if l.shown != nil {
		l.shown.Published(n)
	}
}

// Failed implements [outbox.Observer].
func (l *late) Failed() {
	if l.shown != nil {
		l.shown.Failed()
	}
}

func (l *late) warnings() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.oldest > lateAfter {
		all = append(all, fmt.Sprintf("%d events of %s wait for the broker, the oldest for %s", l.rows, l.service, l.oldest.Truncate(time.Second)))
	}
	if l.dead > 0 {
		all = append(all, fmt.Sprintf("the broker has refused %d events of %s", l.dead, l.service))
	}
	return all
}
