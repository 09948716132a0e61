package rig

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	eventstream "github.com/amends/amends/event/jetstream"
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
	err = r.broker.Await(ctx, readyTick, func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return c.Close()
	})
	if err != nil {
		return err
	}
	conn, err := nats.Connect(r.bus)
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	r.stops = append(r.stops, func() error { conn.Close(); return nil })
	if r.events, err = jetstream.New(conn); err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	return nil
}

// readBroker returns how many events the broker has stored, and how many it has delivered
// to all listeners together, repeats included. Before the first event it has no stream.
func (r *Rig) readBroker(ctx context.Context) (told, delivered float64, err error) {
	stream, err := r.events.Stream(ctx, eventstream.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("ask the broker: %w", err)
	}
	groups := stream.ListConsumers(ctx)
	for group := range groups.Info() {
		delivered += float64(group.Delivered.Consumer)
	}
	if err := groups.Err(); err != nil {
		return 0, 0, fmt.Errorf("ask the broker: %w", err)
	}
	return float64(stream.CachedInfo().State.LastSeq), delivered, nil
}
