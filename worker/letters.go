package worker

import (
	"cmp"
	"context"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/worker/registry"
)

// WithLetters opens the database of a listening service for f, which gets the desk of its
// letters. o needs no other service.
func WithLetters(ctx context.Context, o Options, service string, f func(*waiting.Desk) error) error {
	return with(ctx, o, service, func(s *registry.Stores) error { return f(waiting.NewDesk(s.Own)) })
}

// Desk returns the desk of the letters of a service that runs in the group. Its error is
// a fault: NOT_FOUND for another service, UNAVAILABLE while the group does not run.
func (g *Group) Desk(service string) (*waiting.Desk, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := cmp.Or(g.failed, g.why); err != nil {
		return nil, err
	}
	for _, s := range g.stores {
		if s.Row.Name == service {
			return waiting.NewDesk(s.Own), nil
		}
	}
	return nil, fault.Errorf(fault.Business, fault.NotFound, "the service %s does not run here", service)
}
