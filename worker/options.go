package worker

import (
	"time"

	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/worker/registry"
)

// stepLockTimeout is how long a step's statement waits for a row of PostgreSQL: longer
// than the orders of one product on a busy machine hold its stock from each other, and
// not long enough to keep a slot and a connection from other orders. The engine
// repeats the step later. SQLite keeps its longer wait: a writer there waits for
// every other one, and not in the order in which they came.
const stepLockTimeout = 250 * time.Millisecond

// forSteps returns o as the worker of a service uses it. Commands and migrations
// wait longer, because nothing repeats them.
func (o Options) forSteps(name string) Options {
	if o.LockTimeout == 0 && database.IsPostgres(o.Services[name].DSN) {
		o.LockTimeout = stepLockTimeout
	}
	return o
}

// workerOptions returns the options of a service's Temporal worker. More slots than
// connections would only wait for a connection while their start-to-close time
// passes.
func (g *Group) workerOptions(s *registry.Stores, fatal chan<- error) sdkworker.Options {
	o := engine.WorkerOptions(s.Slots(), g.o.Pollers, g.drainTimeout())
	o.DisableWorkflowWorker = !s.Row.Decides
	if g.o.Build != "" {
		// A name, not a version that sagas are bound to: see ADR 81.
		o.DeploymentOptions.Version = sdkworker.WorkerDeploymentVersion{DeploymentName: "amends", BuildID: g.o.Build}
	}
	if s.Row.Decides {
		o.MaxConcurrentLocalActivityExecutionSize += g.tries().Slots()
	}
	o.OnFatalError = func(err error) {
		select {
		case fatal <- err:
		default: // one is enough to end
		}
	}
	return o
}
