package peers

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/kv"
	"github.com/amends/amends/internal/process"
)

// Registry returns the registry of instances at the broker behind a bus, by the same
// connection. Without a bus, or at a broker that has none, it is one of this process
// alone: others then find its services by their targets.
func Registry(bus event.Bus) (discovery.Registry, error) {
	at, ok := bus.(interface{ Conn() *nats.Conn })
	if !ok {
		return new(discovery.Memory), nil
	}
	js, err := jetstream.New(at.Conn())
	if err != nil {
		return nil, fmt.Errorf("registry of instances: %w", err)
	}
	return kv.New(js, kv.DefaultLease)
}

// Configured reports whether it is configured where services answer: at a broker, or by
// their targets.
func Configured(c *config.Config) bool { return c.Broker.URL != "" || len(c.Services.Targets()) > 0 }

// Reach is [Start] for a process that only calls, with the registry of the configured
// broker.
func Reach(ctx context.Context, parts *process.Parts, o Options) (*Peers, error) {
	var bus event.Bus
	var err error
	if url := o.Config.Broker.URL; url != "" {
		if bus, err = cli.StartBus(ctx, parts, url, o.Config, "amends "+strings.Join(o.Names, " "), o.Logger); err != nil {
			return nil, err
		}
	}
	if o.Registry, err = Registry(bus); err != nil {
		return nil, err
	}
	return Start(ctx, parts, o)
}
