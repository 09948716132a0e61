package peers

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/kv"
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
