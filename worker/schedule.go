package worker

import (
	"cmp"
	"context"
	"time"

	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/workflows"
)

// Doctor says how often everything is compared with everything; see package
// internal/doctor.
type Doctor struct {
	// Every is the time from one run to the next; 0: none by itself.
	Every time.Duration
	// Input is each run's.
	Input workflows.ReconcileInput
}

// scheduleTime bounds one attempt to set the schedule.
const scheduleTime = 10 * time.Second

// schedule sets the doctor's schedule in the engine, if this group runs the
// sagas, while the services run already. The caller calls what it returns, which
// waits until nothing of it runs any more.
func (g *Group) schedule(ctx context.Context, c *engine.Client) (stop func()) {
	if !g.decides() {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.keepSchedule(ctx, c)
	}()
	return func() {
		cancel()
		<-done
	}
}

// keepSchedule tries until the schedule is set or ctx ends: an engine that does
// not take a schedule must not keep orders from being taken.
func (g *Group) keepSchedule(ctx context.Context, c *engine.Client) {
	want := doctor.Schedule{Every: g.o.Doctor.Every, Input: g.o.Doctor.Input, Queue: cmp.Or(g.o.Queues["order"], "order")}
	for pause, said := time.Second, ""; ; pause = min(2*pause, time.Minute) {
		attempt, cancel := context.WithTimeout(ctx, scheduleTime)
		err := doctor.Keep(attempt, c.Client, want)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		if err.Error() != said {
			said = err.Error()
			g.o.Logger.Warn("the doctor has no schedule yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// decides says whether one of the group's services runs the sagas.
func (g *Group) decides() bool {
	for _, s := range g.stores {
		if s.row.decides {
			return true
		}
	}
	return false
}
