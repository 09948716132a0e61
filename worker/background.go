package worker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders/histories"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/watch/meter"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/saga"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/worker/events"
	"github.com/amends/amends/worker/registry"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

// Doctor says how often the reconciler compares all services; see package
// internal/doctor.
type Doctor struct {
	// Every is the time from one run to the next; 0: no scheduled runs.
	Every time.Duration
	// Input is that of each run.
	Input doctorflow.Input
}

// forgetEvery is the time from one look for the histories of erased orders to the next.
const forgetEvery = 10 * time.Second

// background starts what the process does beside its services' steps, if it runs
// the sagas: it measures the orders that make no progress, and sets the doctor's
// schedule. The parts use the databases and the engine, so they stop before both.
func (g *Group) background(ctx context.Context, c *engine.Client, parts *process.Parts) error {
	i := slices.IndexFunc(g.stores, func(s *registry.Stores) bool { return s.Row.Decides })
	if i < 0 {
		return nil
	}
	if g.o.Metrics != nil {
		shown, err := g.o.Metrics.Orders()
		if err != nil {
			return err
		}
		search := stuckConfig(g.o, g.stores[i], c)
		loop := meter.New(orderstore.New(g.stores[i].Own), search, shown, g.o.Logger)
		parts.Start(ctx, process.Part{Name: "measurement", Run: loop.Run})
	}
	erased := orderstore.New(g.stores[i].Own)
	forgotten := background.NewLoop(background.LoopConfig{
		Name: "histories of erased orders", Every: forgetEvery, Logger: g.o.Logger,
		Round: func(ctx context.Context) error {
			return errors.Join(erased.EraseDue(ctx), histories.Forget(ctx, c.Client, c.Namespace, erased))
		},
	})
	parts.Start(ctx, process.Part{Name: "erasures", Run: forgotten.Run})
	parts.Start(ctx, process.Part{Name: "schedule of the doctor", Run: func(ctx context.Context) error {
		want := doctor.Schedule{Every: g.o.Doctor.Every, Input: g.o.Doctor.Input, Queue: g.o.queue("order")}
		doctor.Hold(ctx, c.Client, want, g.o.Logger)
		<-ctx.Done()
		return nil
	}})
	return nil
}

// stuckConfig describes the search for stuck orders of s, which is the order service.
func stuckConfig(o Options, s *registry.Stores, c *engine.Client) stuck.Config {
	var queues []queue.Queue
	for _, r := range registry.All {
		if r.Bind == nil {
			continue // no queue is polled for it
		}
		queues = append(queues, queue.Queue{Service: r.Name, Name: o.queue(r.Name), Decides: r.Decides})
	}
	return stuck.Config{
		Orders: orderstore.New(s.Own), Engine: c, Queues: queues,
		ParkAfter: cmp.Or(o.Timing.ParkAfter, saga.DefaultTiming().ParkAfter), Options: o.Stuck, Unheard: events.Silent(o.Bus),
	}
}
