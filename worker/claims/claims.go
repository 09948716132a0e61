// Package claims claims the task queues of services for their databases. A step that a
// worker of another database took would have its effect there, and its undo perhaps here.
package claims

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/claim"
	"github.com/amends/amends/worker/registry"
)

// Every is how often the claims are taken again: one that an operator ended is
// back before long, and a worker whose queue was given away ends.
const Every = 30 * time.Second

// Services are those that claim the queues they poll.
type Services struct {
	// Stores are their open databases.
	Stores []*registry.Stores
	// Polled returns the task queues that a service polls.
	Polled func(service string) []string
}

// Take claims the queues; a repeat keeps the claims. Its error is a fault that names the
// queue or the database, with code [claim.NotOurs] or [database.NotOurs] if it is another's.
func (s Services) Take(ctx context.Context, c *engine.Client) error {
	var all []claim.Claim
	for _, stores := range s.Stores {
		mark, place, err := stores.Mark(ctx)
		if err != nil {
			return err //nolint:wrapcheck // a fault that names the database
		}
		ours := claim.Database{ID: mark.ID, Place: place, Service: mark.Name, Installation: mark.Installation}
		for _, queue := range s.Polled(stores.Row.Name) {
			all = append(all, claim.Claim{Queue: queue, Database: ours})
		}
	}
	return claim.Take(ctx, c, all...) //nolint:wrapcheck // a fault that names the queue
}

// Keep takes the claims again at each interval until ctx ends. It fails when a queue or a
// database is another's now; an error of any other kind is for the services to wait for.
func (s Services) Keep(ctx context.Context, c *engine.Client, every time.Duration) error {
	for background.Pause(ctx, every) {
		err := s.Take(ctx, c)
		if code := fault.CodeOf(err); code == claim.NotOurs || code == database.NotOurs {
			return err
		}
	}
	return nil
}
