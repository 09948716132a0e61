package dev

import (
	"context"
	"path/filepath"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/dev/broker"
	"github.com/amends/amends/internal/process"
)

// startBus connects to the configured broker, or to one that it starts in this process.
func (p *platform) startBus(ctx context.Context) (event.Bus, error) {
	url := p.c.Broker.URL
	if url == "" {
		server, err := broker.Start(ctx, broker.Options{Dir: filepath.Join(p.c.DataDir, "broker"), Durable: p.c.Durable || p.c.Broker.Durable, Logger: p.log})
		if err != nil {
			return nil, err
		}
		p.parts.Start(ctx, process.Closer("broker", server.Stop))
		url = server.URL()
	}
	return cli.StartBus(ctx, p.parts, url, p.c, "amends dev", p.log)
}
