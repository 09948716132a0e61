package temporal

import (
	"time"

	"go.temporal.io/sdk/worker"
)

// Pollers scale with what the engine says is waiting.
const initialPollers, maxPollers = 8, 32

// WorkerOptions returns how every Temporal worker of ours runs. A slot is an
// activity that runs at a time; a stop waits that long for those that do. The
// benchmark's floor takes them from here too: what it is compared with differs in
// what it does, not in how its workers are set.
func WorkerOptions(slots int, stopTimeout time.Duration) worker.Options {
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: initialPollers, MaximumNumberOfPollers: maxPollers,
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
