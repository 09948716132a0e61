package dev

import (
	"context"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/process"
)

// announce keeps the addresses of the platform in the data folder, where commands find them,
// until it stops.
func (p *platform) announce(ctx context.Context) error {
	var a cli.Platform
	a.HTTPAddr, a.AdminAddr = cli.Reachable(p.public.Addr().String()), cli.Reachable(p.private.Addr().String())
	a.DatabaseURL, a.TLS.SelfSigned = string(p.c.DatabaseURL), p.c.TLS.SelfSigned
	a.Temporal.Address, a.Temporal.Namespace = p.client.Address, p.client.Namespace
	if err := a.Keep(p.c.DataDir); err != nil {
		return err
	}
	p.parts.Start(ctx, process.Closer("addresses", func() error { return cli.Forget(p.c.DataDir) }))
	return nil
}
