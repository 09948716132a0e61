package worker

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/claim"
)

// claimEvery is how often the claims are taken again: one that an operator ended is
// back before long, and a worker whose queue was given away ends.
const claimEvery = 30 * time.Second

// claim claims the services' task queues for their databases. A step that a worker of
// another database took would have its effect there, and its undo perhaps here.
func (g *Group) claim(ctx context.Context, c *engine.Client) error {
	var all []claim.Claim
	for _, s := range g.stores {
		mark, place, err := s.Mark(ctx)
		if err != nil {
			return err //nolint:wrapcheck // a fault that names the database
		}
		ours := claim.Database{ID: mark.ID, Place: place, Service: mark.Name, Installation: mark.Installation}
		for _, queue := range g.o.polled(s.Row.Name) {
			all = append(all, claim.Claim{Queue: queue, Database: ours})
		}
	}
	return claim.Take(ctx, c, all...) //nolint:wrapcheck // a fault that names the queue
}

// keepClaims keeps the claims until ctx ends. It fails when a queue or a database is
// another's now; an error of any other kind is for the services to wait for.
func (g *Group) keepClaims(ctx context.Context, c *engine.Client) error {
	for background.Pause(ctx, g.claimEvery) {
		err := g.claim(ctx, c)
		if code := fault.CodeOf(err); code == claim.NotOurs || code == database.NotOurs {
			g.fail(err)
			return err
		}
	}
	return nil
}
