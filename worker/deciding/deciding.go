// Package deciding does for the process that runs the order sagas all that it does beside
// their steps: it measures the orders that make no progress, erases those that are due, and
// sets the doctor's schedule.
package deciding

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders/histories"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/internal/watch/meter"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/saga"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/worker/events"
	"github.com/amends/amends/worker/registry"
)

// forgetEvery is the time from one look for the histories of erased orders to the next.
const forgetEvery = 10 * time.Second

// Config describes the work.
type Config struct {
	// Stores are the open databases of the order service.
	Stores *registry.Stores
	// Engine runs the sagas.
	Engine *engine.Client
	// Queue returns the task queue of a service.
	Queue func(service string) string
	// ParkAfter is how long a step is tried before its saga counts as parked; 0 is the
	// kernel's default.
	ParkAfter time.Duration
	// Stuck says when an undecided order counts as stuck.
	Stuck stuck.Options
	// Bus is the broker whose silent listeners explain orders that stand still; nil: none.
	Bus event.Bus
	// Metrics receives the measurements of all orders; nil: nothing is measured.
	Metrics *telemetry.Metrics
	// Doctor is its schedule.
	Doctor doctor.Schedule
	// Logger must be set.
	Logger *slog.Logger
}

// Start starts the work as parts. They use the databases and the engine, so they stop
// before both.
func (c Config) Start(ctx context.Context, parts *process.Parts) error {
	orders := orderstore.New(c.Stores.Own)
	if c.Metrics != nil {
		shown, err := c.Metrics.Orders()
		if err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		loop := meter.New(orders, c.Search(), shown, c.Logger)
		parts.Start(ctx, process.Part{Name: "measurement", Run: loop.Run})
	}
	forgetter := histories.New(c.Engine.Client, c.Engine.Namespace, orders)
	forgotten := background.NewLoop(background.LoopConfig{
		Name: "histories of erased orders", Every: forgetEvery, Logger: c.Logger,
		Round: func(ctx context.Context) error {
			return errors.Join(orders.EraseDue(ctx), forgetter.Forget(ctx))
		},
	})
	parts.Start(ctx, process.Part{Name: "erasures", Run: forgotten.Run})
	parts.Start(ctx, process.Part{Name: "schedule of the doctor", Run: func(ctx context.Context) error {
		doctor.Hold(ctx, c.Engine.Client, c.Doctor, c.Logger)
		<-ctx.Done()
		return nil
	}})
	return nil
}

// Search describes the search for stuck orders.
func (c Config) Search() stuck.Config {
	var queues []queue.Queue
	for _, r := range registry.All {
		if r.Bind == nil {
			continue // no queue is polled for it
		}
		queues = append(queues, queue.Queue{Service: r.Name, Name: c.Queue(r.Name), Decides: r.Decides})
	}
	return stuck.Config{
		Orders: orderstore.New(c.Stores.Own), Engine: c.Engine, Queues: queues,
		ParkAfter: cmp.Or(c.ParkAfter, saga.DefaultTiming().ParkAfter), Options: c.Stuck, Unheard: events.Silent(c.Bus),
	}
}
