package worker

import (
	"context"
	"slices"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/worker/backlog"
)

// warner knows what operators should know while the group is ready.
type warner interface{ Warnings() []string }

// relays starts the relay of each service's outbox. Without a bus the events wait.
func (g *Group) relays(ctx context.Context, parts *process.Parts) error {
	if g.o.Bus == nil {
		return nil
	}
	var all *telemetry.Outboxes
	if g.o.Metrics != nil {
		var err error
		if all, err = g.o.Metrics.Outboxes(); err != nil {
			return err //nolint:wrapcheck // it says which metrics
		}
	}
	for _, s := range g.stores {
		var shown *telemetry.Outbox
		if all != nil {
			shown = all.Of(s.Row.Name)
		}
		b := backlog.New(s.Row.Name, shown)
		g.warn(b)
		relay := outbox.NewRelay(s.Own, g.o.Bus, outbox.Options{Service: s.Row.Name, Observer: b, Logger: g.o.Logger})
		parts.Start(ctx, process.Part{Name: "events of " + s.Row.Name, Run: relay.Run})
	}
	return nil
}

func (g *Group) warn(w warner) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.warners = append(g.warners, w)
}

// Warnings returns what operators should know while the group is ready: events that wait
// for the broker for long, events that it has refused, and events that a listener could
// not handle. Orders do not depend on them.
func (g *Group) Warnings() (all []string) {
	g.mu.Lock()
	warners := slices.Clone(g.warners)
	g.mu.Unlock()
	for _, w := range warners {
		all = append(all, w.Warnings()...)
	}
	return all
}
