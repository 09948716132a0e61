package worker

import (
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/worker/registry"
)

// waitersPerConn is how many steps of a service that calls an external system share
// one database connection: they hold none while they wait for the answer, and a
// system that hangs must not stop the other orders.
const waitersPerConn = 8

// workerOptions returns the options of a service's Temporal worker. More slots than
// connections would only wait for a connection while their start-to-close time
// passes.
func (g *Group) workerOptions(s *registry.Stores, fatal chan<- error) sdkworker.Options {
	slots := s.Connections()
	if s.CallsOutside() {
		slots *= waitersPerConn
	}
	o := engine.WorkerOptions(slots, g.o.Pollers, g.drainTimeout())
	o.DisableWorkflowWorker = !s.Row.Decides
	o.OnFatalError = func(err error) {
		select {
		case fatal <- err:
		default: // one is enough to end
		}
	}
	return o
}
