package worker

import (
	"context"
	"slices"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker/events"
)

// connect connects the services to the broker. Without one their events wait in the
// outboxes, and they hear nothing.
func (g *Group) connect(ctx context.Context, parts *process.Parts) error {
	if g.o.Bus == nil {
		return nil
	}
	warners, err := events.Start(ctx, parts, events.Config{
		Bus: g.o.Bus, Retry: waiting.Retry{Most: g.o.Timing.ParkedRetry, FlagAfter: g.o.Timing.ParkAfter},
		Drain: g.drainTimeout(), Metrics: g.o.Metrics, Logger: g.o.Logger,
	}, g.stores)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.warners = warners
	return err
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
