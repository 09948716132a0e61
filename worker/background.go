package worker

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker/deciding"
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

// background starts the work of the process beside its services' steps, if it runs the sagas.
func (g *Group) background(ctx context.Context, c *engine.Client, parts *process.Parts) error {
	i := slices.IndexFunc(g.stores, func(s *registry.Stores) bool { return s.Row.Decides })
	if i < 0 {
		return nil
	}
	return g.o.deciding(g.stores[i], c).Start(ctx, parts)
}

// deciding describes the work beside the steps of s, which is the order service.
func (o Options) deciding(s *registry.Stores, c *engine.Client) deciding.Config {
	return deciding.Config{
		Stores: s, Engine: c, Queue: o.queue, ParkAfter: o.Timing.ParkAfter, Stuck: o.Stuck, Bus: o.Bus, Metrics: o.Metrics,
		Doctor: doctor.Schedule{Every: o.Doctor.Every, Input: o.Doctor.Input, Queue: o.queue("order")}, Logger: o.Logger,
	}
}
