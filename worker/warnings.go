package worker

import (
	"context"
	"slices"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker/events"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/worker/work"
)

// connect starts one side of the connection of the services to the broker: that of those
// who tell, that of those who hear, or the watch of the latter. Without a broker events wait in the outboxes.
func (g *Group) connect(ctx context.Context, parts *process.Parts, side func(events.Config, context.Context, *process.Parts, []*registry.Stores) ([]events.Warner, error)) error {
	if g.o.Bus == nil {
		return nil
	}
	warners, err := side(events.Config{
		Bus: g.o.Bus, TakeoverAfter: g.o.TakeoverAfter, Retry: waiting.Retry{Most: g.o.Timing.ParkedRetry, FlagAfter: g.o.Timing.ParkAfter},
		Drain: g.drainTimeout(), Metrics: g.o.Metrics, Logger: g.o.Logger,
	}, ctx, parts, g.stores)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.warners = append(g.warners, warners...)
	return err
}

// work starts what the services do by themselves.
func (g *Group) work(ctx context.Context, parts *process.Parts) error {
	all, err := work.Start(ctx, parts, g.stores, g.drainTimeout(), g.o.Logger)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range all {
		g.warners = append(g.warners, w)
	}
	return err
}

// Warnings returns what operators should know while the group is ready: events that wait
// for the broker for long, events that it has refused, events that a listener could not
// handle, listeners that have stopped, and messages that are not sent. Orchestrated orders
// do not depend on them.
func (g *Group) Warnings() (all []string) {
	g.mu.Lock()
	warners := slices.Clone(g.warners)
	g.mu.Unlock()
	for _, w := range warners {
		all = append(all, w.Warnings()...)
	}
	return all
}
