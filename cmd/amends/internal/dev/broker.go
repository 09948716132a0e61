package dev

import (
	"context"
	"path/filepath"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/dev/broker"
	"github.com/amends/amends/internal/dev/faults"
	"github.com/amends/amends/internal/process"
)

// startBus connects to the configured broker, or to one that it starts in this process, which
// can be away for a while.
func (p *platform) startBus(ctx context.Context) (event.Bus, error) {
	url := p.c.Broker.URL
	var neighbours faults.Neighbours
	if url == "" {
		server, err := broker.Start(ctx, broker.Options{Dir: filepath.Join(p.c.DataDir, "broker"), Durable: p.c.Durable || p.c.Broker.Durable, Logger: p.log})
		if err != nil {
			return nil, err
		}
		p.parts.Start(ctx, process.Closer("broker", server.Stop))
		url, neighbours.Broker = server.URL(), server
	}
	killed, err := p.killed(ctx, url)
	if err != nil {
		return nil, err
	}
	neighbours.Worker = killed
	p.faults = faults.New(neighbours)
	return cli.StartBus(ctx, p.parts, url, p.c, "amends dev", p.log)
}
