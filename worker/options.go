package worker

import (
	sdkworker "go.temporal.io/sdk/worker"
)

const (
	// Pollers scale with what the engine says is waiting.
	initialPollers, maxPollers = 8, 32
	// waitersPerConn is how many steps of a service that calls the outside share
	// one database connection: they hold none while they wait for the answer, and
	// a provider that hangs must not stop everybody else's orders.
	waitersPerConn = 8
)

// workerOptions returns how the Temporal worker of a service runs. A slot is an
// activity that runs at a time; more of them than connections would only wait
// for one with their start-to-close running.
func (g *Group) workerOptions(s *stores, fatal chan<- error) sdkworker.Options {
	slots := s.connections()
	if s.outside != nil {
		slots *= waitersPerConn
	}
	pollers := sdkworker.NewPollerBehaviorAutoscaling(sdkworker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: initialPollers, MaximumNumberOfPollers: maxPollers,
	})
	return sdkworker.Options{
		WorkflowTaskPollerBehavior:              pollers,
		ActivityTaskPollerBehavior:              pollers,
		MaxConcurrentActivityExecutionSize:      slots,
		MaxConcurrentLocalActivityExecutionSize: slots,
		DisableWorkflowWorker:                   !s.row.decides,
		WorkerStopTimeout:                       g.drainTimeout(), // the SDK's default cuts running activities off
		DisableRegistrationAliasing:             true,             // histories have the explicit names
		OnFatalError: func(err error) {
			select {
			case fatal <- err:
			default: // one is enough to end
			}
		},
	}
}
