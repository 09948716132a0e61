package engine

import (
	"time"

	"go.temporal.io/sdk/worker"
)

// Pollers bounds the long polls that a worker keeps open on its task queue, for
// each kind of task. Between the bounds their number follows the engine's backlog.
type Pollers struct {
	// Min polls stay open on an idle queue: a task that finds no open poll takes a
	// detour through the engine's database.
	Min int
	// Max bounds them under load.
	Max int
}

// DefaultPollers suits a worker with one or two cores.
func DefaultPollers() Pollers { return Pollers{Min: 4, Max: 32} }

// SetWorkflowCache sets how many workflows the workers of this process together
// keep in memory between two tasks; a dropped one is replayed from its history. Call
// it before the first worker starts.
func SetWorkflowCache(size int) { worker.SetStickyWorkflowCacheSize(size) }

// WorkerOptions returns the options of every Temporal worker. slots bounds the
// activities that run at a time; stopTimeout bounds the wait for running ones when a
// worker stops. The benchmark's floor uses the same options, so that a comparison
// with it measures work, not settings.
func WorkerOptions(slots int, p Pollers, stopTimeout time.Duration) worker.Options {
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: p.Min, MinimumNumberOfPollers: p.Min, MaximumNumberOfPollers: p.Max,
	})
	return worker.Options{
		WorkflowTaskPollerBehavior:              pollers,
		ActivityTaskPollerBehavior:              pollers,
		MaxConcurrentActivityExecutionSize:      slots,
		MaxConcurrentLocalActivityExecutionSize: slots,
		WorkerStopTimeout:                       stopTimeout, // the SDK's default cancels running activities at once
		DisableRegistrationAliasing:             true,        // histories have the explicit names
	}
}
