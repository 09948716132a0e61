// Package faults disturbs the neighbours of a platform that is for trying out, while it runs:
// its payment provider, its carrier, its broker, and one of its workers. Each fault is one that
// such a neighbour has by itself one day: calls take long or fail, connections end, a process
// is killed.
package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// Names of faults.
const (
	ProviderSlow = "provider-slow"
	ProviderAway = "provider-away"
	CarrierAway  = "carrier-away"
	BrokerAway   = "broker-away"
	WorkerKilled = "worker-killed"
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

// Worker is a process that is killed again and again from its begin to its end. A repeat of
// both changes nothing.
type Worker interface {
	Begin() error
	End() error
	Kills() int // how many were killed so far
}

// Neighbours are those that the platform runs by itself. Nil: it does not.
type Neighbours struct {
	Broker Broker
	Worker Worker
}

// Faults are those of one platform, at first all off. They are safe for concurrent use.
type Faults struct {
	n Neighbours

	switching sync.Mutex // one at a time: a broker takes its time to return

	mu sync.Mutex
	on map[string]bool
}

// New returns the faults of a platform.
func New(n Neighbours) *Faults { return &Faults{n: n, on: map[string]bool{}} }

// All returns the faults.
func (f *Faults) All() []Fault {
	all := []Fault{
		{Name: ProviderSlow, Title: "The payment provider is slow", Becomes: "each of its calls takes 3 seconds; orders are confirmed later"},
		{Name: ProviderAway, Title: "The payment provider is away", Becomes: "steps are repeated; after two minutes without progress orders are flagged"},
		{Name: CarrierAway, Title: "The carrier is away", Becomes: "orders wait with money and stock held"},
	}
	if f.n.Broker != nil {
		all = append(all, Fault{Name: BrokerAway, Title: "The broker is away", Becomes: "facts wait in the outboxes: lists are old, choreographed orders stand still"})
	}
	if f.n.Worker != nil {
		all = append(all, Fault{Name: WorkerKilled, Title: "A worker is killed", Becomes: f.kills()})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range all {
		all[i].On = f.on[all[i].Name]
	}
	return all
}

// kills tells the fate of orders while a worker is killed.
func (f *Faults) kills() string {
	text := "a second one, a process of its own, takes half of the work, and gets SIGKILL in the middle of it, again and again. " +
		"Its orders stand still for some seconds; then the first one repeats the attempts that have no answer, and their effects are single"
	if n := f.n.Worker.Kills(); n > 0 {
		text += fmt.Sprintf(". Killed so far: %d", n)
	}
	return text
}

// ErrUnknown refuses a fault that the platform does not have.
var ErrUnknown = errors.New("there is no such fault")

// Switch switches a fault on or off. A repeat changes nothing.
func (f *Faults) Switch(ctx context.Context, name string, on bool) error {
	if !slices.ContainsFunc(f.All(), func(one Fault) bool { return one.Name == name }) {
		return ErrUnknown
	}
	f.switching.Lock()
	defer f.switching.Unlock()
	if err := f.neighbour(ctx, name, on); err != nil {
		return fmt.Errorf("switch %s: %w", name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on[name] = on
	return nil
}

// neighbour switches the fault of a neighbour that the platform runs; others meet theirs by
// themselves.
func (f *Faults) neighbour(ctx context.Context, name string, on bool) error {
	switch {
	case name == BrokerAway && on:
		return f.n.Broker.Leave() //nolint:wrapcheck // Switch wraps it
	case name == BrokerAway:
		return f.n.Broker.Return(ctx) //nolint:wrapcheck // Switch wraps it
	case name == WorkerKilled && on:
		return f.n.Worker.Begin() //nolint:wrapcheck // Switch wraps it
	case name == WorkerKilled:
		return f.n.Worker.End() //nolint:wrapcheck // Switch wraps it
	}
	return nil
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
	if f.has(ProviderSlow) && !background.Pause(ctx, Slow) {
		return ctx.Err()
	}
	return nil
}

// Carrier is the same for the carrier.
func (f *Faults) Carrier(context.Context) error {
	if f.has(CarrierAway) {
		return carrier.ErrUnavailable
	}
	return nil
}
