// Package faults disturbs the neighbours of a platform that is for trying out, while it runs:
// its payment provider, its carrier and its broker. Each fault is one that such a neighbour
// has by itself one day: calls take long or fail, connections end.
package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// Names of faults.
const (
	ProviderSlow = "provider-slow"
	ProviderAway = "provider-away"
	CarrierAway  = "carrier-away"
	BrokerAway   = "broker-away"
)

// Slow is how long each call of a slow provider takes; it is less than a step's patience.
const Slow = 3 * time.Second

// Fault is one that can be switched on and off.
type Fault struct {
	Name, Title string
	Becomes     string // the fate of orders meanwhile
	On          bool
}

// Broker is a broker that can be away for a while. A repeat changes nothing.
type Broker interface {
	Leave() error
	Return(ctx context.Context) error
}

// Faults are those of one platform, at first all off. They are safe for concurrent use.
type Faults struct {
	broker Broker

	mu sync.Mutex
	on map[string]bool
}

// New returns the faults of a platform. broker is nil for one that the platform does not run.
func New(broker Broker) *Faults { return &Faults{broker: broker, on: map[string]bool{}} }

// All returns the faults.
func (f *Faults) All() []Fault {
	all := []Fault{
		{Name: ProviderSlow, Title: "The payment provider is slow", Becomes: "each of its calls takes 3 seconds; orders are confirmed later"},
		{Name: ProviderAway, Title: "The payment provider is away", Becomes: "steps are repeated; after two minutes without progress orders are flagged"},
		{Name: CarrierAway, Title: "The carrier is away", Becomes: "orders wait with money and stock held"},
	}
	if f.broker != nil {
		all = append(all, Fault{Name: BrokerAway, Title: "The broker is away", Becomes: "facts wait in the outboxes: lists are old, choreographed orders stand still"})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range all {
		all[i].On = f.on[all[i].Name]
	}
	return all
}

// ErrUnknown refuses a fault that the platform does not have.
var ErrUnknown = errors.New("there is no such fault")

// Switch switches a fault on or off. A repeat changes nothing.
func (f *Faults) Switch(ctx context.Context, name string, on bool) error {
	for _, one := range f.All() {
		if one.Name != name {
			continue
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if name == BrokerAway {
			if err := f.power(ctx, !on); err != nil {
				return fmt.Errorf("switch the broker: %w", err)
			}
		}
		f.on[name] = on
		return nil
	}
	return ErrUnknown
}

func (f *Faults) power(ctx context.Context, on bool) error {
	if on {
		return f.broker.Return(ctx) //nolint:wrapcheck // Switch wraps it
	}
	return f.broker.Leave() //nolint:wrapcheck // as above
}

func (f *Faults) has(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.on[name]
}

// Provider is met by each call of the payment provider: it takes its time, and its error is
// the call's, which then did nothing.
func (f *Faults) Provider(ctx context.Context) error {
	if f.has(ProviderAway) {
		return provider.ErrUnavailable
	}
	if !f.has(ProviderSlow) {
		return nil
	}
	t := time.NewTimer(Slow)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Carrier is the same for the carrier.
func (f *Faults) Carrier(context.Context) error {
	if f.has(CarrierAway) {
		return carrier.ErrUnavailable
	}
	return nil
}
