package worker

import (
	"context"
	"fmt"

	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/process"
)

// listen starts the listeners of the group's services. Without a bus they hear nothing.
// A listener stops before the workers, whose steps it may call, and before the databases.
func (g *Group) listen(ctx context.Context, parts *process.Parts) error {
	if g.o.Bus == nil {
		return nil
	}
	o := inbox.Options{
		Bus: g.o.Bus, Logger: g.o.Logger,
		Retry: waiting.Retry{Most: g.o.Timing.ParkedRetry, FlagAfter: g.o.Timing.ParkAfter},
	}
	if g.o.Metrics != nil {
		shown, err := g.o.Metrics.Listeners()
		if err != nil {
			return err //nolint:wrapcheck // it says which metrics
		}
		o.Meter = shown
	}
	for _, s := range g.stores {
		if s.Row.Listen == nil {
			continue
		}
		o.DB = s.Own
		group := s.Row.Listen(s, o)
		if group.Name() != s.Row.Name {
			return fmt.Errorf("the service %s listens as %s: a group has the name of its service", s.Row.Name, group.Name())
		}
		g.warn(group)
		parts.Start(ctx, process.Part{Name: "listener of " + s.Row.Name, Run: group.Run, Drain: g.drainTimeout()})
	}
	return nil
}
