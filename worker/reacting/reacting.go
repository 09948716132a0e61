// Package reacting readies services for their part in choreographed orders.
package reacting

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	orderrpc "github.com/amends/amends/services/order/rpc"
)

// Check returns nil, or why an order of the graph could stand still: then no process may
// start.
func Check(g choreography.Graph) error {
	if err := g.Check(); err != nil {
		return fmt.Errorf("a choreographed order could stand still: %w", err)
	}
	return nil
}

// Parts returns the order service as another service asks it for its part of an order. With
// a nil connection it cannot be asked, which may pass.
func Parts(conn grpc.ClientConnInterface) course.Parts {
	if conn == nil {
		return mute{}
	}
	return orderrpc.NewClient(conn)
}

// mute is an order service that cannot be asked.
type mute struct{}

var errMute = fault.Errorf(fault.Transient, fault.Unavailable, "the order service cannot be asked: set rpc.listen, or services.order.target")

// Wanted implements [course.Parts].
func (mute) Wanted(context.Context, string) (course.Wanted, error) { return course.Wanted{}, errMute }

// Payable implements [course.Parts].
func (mute) Payable(context.Context, string) (course.Payable, error) {
	return course.Payable{}, errMute
}

// Destination implements [course.Parts].
func (mute) Destination(context.Context, string) (order.Address, error) {
	return order.Address{}, errMute
}

// Work is the work that a service does by itself.
type Work interface {
	Run(ctx context.Context) error
	Warnings() []string
}

// Together is the work of several parts.
type Together []Work

// Run runs all parts until ctx ends.
func (t Together) Run(ctx context.Context) error {
	var all errgroup.Group
	for _, w := range t {
		all.Go(func() error { return w.Run(ctx) })
	}
	return all.Wait() //nolint:wrapcheck // a part says what it did
}

// Warnings returns those of all parts.
func (t Together) Warnings() (all []string) {
	for _, w := range t {
		all = append(all, w.Warnings()...)
	}
	return all
}
