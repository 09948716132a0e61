package worker

import (
	"context"
	"slices"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker/events"
	"github.com/amends/amends/worker/registry"
)

// connect starts one side of the connection of the services to the broker: that of those
// who tell, or that of those who hear. Without a broker events wait in the outboxes.
func (g *Group) connect(ctx context.Context, parts *process.Parts, side func(events.Config, context.Context, *process.Parts, []*registry.Stores) ([]events.Warner, error)) error {
	if g.o.Bus == nil {
		return nil
	}
	warners, err := side(events.Config{
		Bus: g.o.Bus, Retry: waiting.Retry{Most: g.o.Timing.ParkedRetry, FlagAfter: g.o.Timing.ParkAfter},
		Drain: g.drainTimeout(), Metrics: g.o.Metrics, Logger: g.o.Logger,
	}, ctx, parts, g.stores)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.warners = append(g.warners, warners...)
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
