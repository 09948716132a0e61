package engine

import (
	"time"

	"go.temporal.io/sdk/worker"
)

// Pollers is how many long polls a worker keeps open on its task queue, for each
// kind of task. Between the two their number follows what the engine says is
// waiting.
type Pollers struct {
	// Min stay open when nothing is to be done: a task that finds no poll waiting is
	// written to the engine's database and read again from there.
	Min int
	// Max bounds them when much is.
	Max int
}

// DefaultPollers suit a worker that has a core or two.
func DefaultPollers() Pollers { return Pollers{Min: 4, Max: 32} }

// SetWorkflowCache bounds how many workflows all workers of the process keep in
// memory between two of their tasks; one that is dropped is run again from its
// history. It must be called before the first worker starts.
func SetWorkflowCache(size int) { worker.SetStickyWorkflowCacheSize(size) }

// WorkerOptions returns how every Temporal worker of ours runs. A slot is an
// activity that runs at a time; a stop waits that long for those that do. The
// benchmark's floor takes them from here too: what it is compared with differs in
// what it does, not in how its workers are set.
func WorkerOptions(slots int, p Pollers, stopTimeout time.Duration) worker.Options {
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: p.Min, MinimumNumberOfPollers: p.Min, MaximumNumberOfPollers: p.Max,
	})
	return worker.Options{
		WorkflowTaskPollerBehavior:              pollers,
		ActivityTaskPollerBehavior:              pollers,
		MaxConcurrentActivityExecutionSize:      slots,
		MaxConcurrentLocalActivityExecutionSize: slots,
		WorkerStopTimeout:                       stopTimeout, // the SDK's default cuts running activities off
		DisableRegistrationAliasing:             true,        // histories have the explicit names
	}
}
