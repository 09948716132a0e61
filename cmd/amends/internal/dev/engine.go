package dev

import (
	"context"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/process"
)

// startEngine connects to the configured engine, or to a dev server that it starts,
// and returns when the engine has the namespace and the search attributes. The
// configured engine may go away and return while the platform runs; the end of
// the dev server is a failure.
func (p *platform) startEngine(ctx context.Context) (err error) {
	o := p.c.Temporal.Options(p.environ)
	report := func(err error) { p.log.Warn("waiting", "for", err) }
	if p.bin != "" {
		if err := p.startDevServer(ctx); err != nil {
			return err
		}
		// Isolated: a TEMPORAL_ADDRESS in the environment belongs to another engine.
		o = engine.Options{Address: p.devServer.Address, Isolated: true}
		report = nil
	}
	if p.devServer != nil && p.c.Temporal.UIURL == "" {
		p.c.Temporal.UIURL = p.devServer.UI
	}
	o.Codec = p.c.Payloads()
	o.Logger, o.Metrics, o.Traced = p.log, p.metrics.Temporal(), p.metrics.Traced()
	if p.client, err = engine.Dial(o); err != nil {
		return err
	}
	p.parts.Start(ctx, process.Closer("client", func() error { p.client.Close(); return nil }))
	// A dev server reads its flags only when it creates its state, which an earlier
	// version may have done.
	return namespace.Register(ctx, p.client, attribute.All, report)
}

func (p *platform) startDevServer(ctx context.Context) (err error) {
	o := temporal.Options{
		Bin: p.bin, Dir: p.c.DataDir, Port: p.c.TemporalPort, UIPort: p.c.UIPort, Durable: p.c.Durable, Logger: p.log,
	}
	for _, a := range attribute.All {
		o.SearchAttributes = append(o.SearchAttributes, a.String())
	}
	if p.devServer, err = temporal.Start(ctx, o); err != nil {
		return err
	}
	p.parts.Start(ctx, process.Part{Name: "dev server", Run: p.devServer.Run})
	return nil
}
