package peers

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/process"
)

// Gateways returns a function for the number of API processes that the registry knows. They
// are followed for as long as parts live.
func (p *Peers) Gateways(ctx context.Context, parts *process.Parts) func() int {
	var living atomic.Int64
	list := discovery.List{Registry: p.find.Registry, Service: identity.Gateway, Logger: p.find.Logger}
	parts.Start(ctx, process.Part{Name: "gateways", Run: func(ctx context.Context) error {
		list.Run(ctx, func(s discovery.Snapshot) { living.Store(int64(len(s.Instances))) })
		return nil
	}})
	return func() int { return int(living.Load()) }
}

// Announce registers this process as one of those that [Peers.Gateways] counts, at the
// address of l. It leaves the registry as the first thing when parts stop.
func (p *Peers) Announce(ctx context.Context, parts *process.Parts, l net.Listener) error {
	address, err := reachable(l)
	if err != nil {
		return fmt.Errorf("http_addr: %w", err)
	}
	r := discovery.Registration{
		Registry: p.find.Registry, Instances: discovery.Instances(address, cli.Version(), identity.Gateway), Logger: p.find.Logger,
	}
	parts.Start(ctx, process.Part{Name: "announcement", Run: func(ctx context.Context) error { return r.Keep(ctx, 0) }})
	return nil
}
