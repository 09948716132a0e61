package rig

import (
	"context"
	"net"

	"github.com/amends/amends/internal/dev/loopback"
)

// Broker is the broker of events, which is not one of our parts.
const Broker = "the broker"

// startBroker starts the broker of the platform, which stays when the platform changes.
func (r *Rig) startBroker(ctx context.Context) error {
	address, err := loopback.FreeAddress(ctx)
	if err != nil {
		return err
	}
	env := []string{"AMENDS_BROKER_LISTEN=" + address, "AMENDS_DATA_DIR=" + r.data()}
	if r.broker, err = r.launch("broker", r.o.Platform.Amends, []string{"broker"}, env); err != nil {
		return err
	}
	r.bus = "nats://" + address
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return r.broker.Await(ctx, readyTick, func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return c.Close()
	})
}
