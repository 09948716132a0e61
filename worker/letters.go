package worker

import (
	"cmp"
	"context"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/worker/registry"
)

// Events are those that the database of one service has: the letters of its listener, and
// its outbox.
type Events struct {
	*waiting.Desk

	stores *registry.Stores
}

// Told returns the event of an id in the outbox, and false if it does not have it.
func (e Events) Told(ctx context.Context, id string) (outbox.Told, bool, error) {
	return e.stores.Told(ctx, id) //nolint:wrapcheck // it names the operation
}

// WithEvents opens a service's database for f. o needs no other service.
func WithEvents(ctx context.Context, o Options, service string, f func(Events) error) error {
	return With(ctx, o, service, func(s *registry.Stores) error { return f(Events{s.Desk(), s}) })
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
			return s.Desk(), nil
		}
	}
	return nil, fault.Errorf(fault.Business, fault.NotFound, "the service %s does not run here", service)
}
