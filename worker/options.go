package worker

import (
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/internal/engine"
)

// waitersPerConn is how many steps of a service that calls the outside share
// one database connection: they hold none while they wait for the answer, and
// a provider that hangs must not stop everybody else's orders.
const waitersPerConn = 8

// workerOptions returns how the Temporal worker of a service runs. More slots
// than connections would only wait for one with their start-to-close running.
func (g *Group) workerOptions(s *stores, fatal chan<- error) sdkworker.Options {
	slots := s.connections()
	if s.outside != nil {
		slots *= waitersPerConn
	}
	o := engine.WorkerOptions(slots, g.o.Pollers, g.drainTimeout())
	o.DisableWorkflowWorker = !s.row.decides
	o.OnFatalError = func(err error) {
		select {
		case fatal <- err:
		default: // one is enough to end
		}
	}
	return o
}
