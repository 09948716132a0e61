package worker

import (
	"context"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/worker/claims"
)

// claims are those of the services' task queues.
func (g *Group) claims() claims.Services {
	return claims.Services{Stores: g.stores, Polled: g.o.polled}
}

// keepClaims keeps the claims until ctx ends. The group is unready for good once it fails.
func (g *Group) keepClaims(ctx context.Context, c *engine.Client) error {
	err := g.claims().Keep(ctx, c, g.claimEvery)
	if err != nil {
		g.fail(err)
	}
	return err //nolint:wrapcheck // a fault that names the queue or the database
}
