// Package worker runs services: it opens their databases, binds their steps to
// Temporal workers on their task queues, waits until everything that they need
// is there, and drains them at the end. [registry] has one row per service.
//
// A process runs one service or several; nothing is kept in it that may not be
// lost. A worker that is killed loses the attempts that it was making: the
// engine gives them to another one when their start-to-close has passed, and the
// barrier makes them happen once.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// Options say which services run, and how.
type Options struct {
	// Services are those that run, by name.
	Services map[string]Service
	// Queues are the task queues of all services, by name: the order saga calls
	// every one. A missing one is the service's name.
	Queues map[string]string
	// Timing are the order saga's; zero is the kernel's default.
	Timing Timing
	// Attributes are the search attributes that the workflow sets; the service that
	// runs it waits until the namespace has them, or its tasks would fail.
	Attributes []engine.Attribute
	// LockTimeout is how long a statement waits for a row; 0 is 3 s.
	LockTimeout time.Duration
	// Durable makes SQLite wait for the disk at every commit.
	Durable bool
	// NoPipeline sends every statement to PostgreSQL by itself.
	NoPipeline bool
	// DrainTimeout is how long a stop waits for activities that run; 0 is 20 s.
	DrainTimeout time.Duration
	// Pollers are each service's; zero is the default.
	Pollers Pollers
	// WorkflowCache bounds the sagas that the process keeps in memory, those of all
	// groups; 0 leaves it as it is, at first the SDK's 10,000.
	WorkflowCache int
	// Stuck says when an undecided order counts as stuck.
	Stuck StuckOptions
	// Metrics gets what the worker of the order service measures of all orders; nil:
	// it measures nothing.
	Metrics *telemetry.Metrics
	// Doctor says how often the services are compared with each other.
	Doctor Doctor
	// Logger must be set.
	Logger *slog.Logger
}

// Timing are the limits and intervals of a saga.
type Timing = saga.Timing

// Pollers is how many long polls a worker keeps open.
type Pollers = engine.Pollers

// Service says what one service works with.
type Service struct {
	// DSN is its database, OutsideDSN that of the simulator of its outside world,
	// for a service that has one.
	DSN, OutsideDSN string
	// MaxConns bounds its connections to each; 0 is the engine's default.
	MaxConns int
}

// Names returns the names of all services that there are.
func Names() []string {
	names := make([]string, len(registry))
	for i, row := range registry {
		names[i] = row.name
	}
	return names
}

// Group is the services of one process.
type Group struct {
	o Options

	mu     sync.Mutex
	why    error // why the group does not work; nil while it does
	stores []*stores
	client *engine.Client
}

// New returns a group that does nothing yet. It fails for a service that there
// is not, and for none.
func New(o Options) (*Group, error) {
	for name := range o.Services {
		if _, err := find(name); err != nil {
			return nil, err
		}
	}
	if len(o.Services) == 0 {
		return nil, fmt.Errorf("no service to run: there are %s", strings.Join(Names(), ", "))
	}
	if o.Timing == (saga.Timing{}) {
		o.Timing = saga.DefaultTiming()
	}
	if o.Pollers == (Pollers{}) {
		o.Pollers = engine.DefaultPollers()
	}
	if err := o.Timing.Validate(); err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	if o.WorkflowCache > 0 {
		engine.SetWorkflowCache(o.WorkflowCache)
	}
	return &Group{o: o, why: fault.Errorf(fault.Transient, fault.Unavailable, "the services have not started")}, nil
}

// Run runs the services until ctx ends, then drains them: no new work is taken,
// and what runs has DrainTimeout to finish. It waits for databases that are not
// there or not migrated, and for an engine that is not there; meanwhile
// [Group.Ready] says for what. Its error is one that waiting does not heal, nil
// after a drain. A group runs once.
func (g *Group) Run(ctx context.Context, c *engine.Client) error {
	defer g.close()
	if err := g.prepare(ctx, c); err != nil {
		if ctx.Err() != nil {
			return nil // asked to end before it had begun
		}
		return err
	}
	fatal := make(chan error, len(g.stores))
	workers, err := g.start(ctx, c, fatal)
	defer stop(workers)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	measured, err := g.measure(ctx, c)
	if err != nil {
		return err
	}
	defer measured() // before the databases are closed
	defer g.schedule(ctx, c)()
	g.set(nil)
	g.o.Logger.Info("services run", "services", strings.Join(g.names(), " "))
	select {
	case <-ctx.Done():
		g.set(fault.Errorf(fault.Transient, fault.Unavailable, "the services are stopping"))
		g.o.Logger.Info("services drain", "services", strings.Join(g.names(), " "), "timeout", g.drainTimeout())
		return nil
	case err := <-fatal:
		g.set(fault.Errorf(fault.Transient, fault.Unavailable, "a worker has failed"))
		return fmt.Errorf("worker: %w", err)
	}
}

// Ready says why the group cannot do its work right now, nil if it can: it has
// started, its databases answer and are migrated, and so does the engine.
func (g *Group) Ready(ctx context.Context) error {
	g.mu.Lock()
	why, all, client := g.why, slices.Clone(g.stores), g.client
	g.mu.Unlock()
	if why != nil {
		return why
	}
	for _, s := range all {
		if err := s.ready(ctx); err != nil {
			return err
		}
	}
	return client.Ready(ctx, g.attributes())
}

// start starts a Temporal worker for every service. It returns those that it
// started also when it fails.
func (g *Group) start(ctx context.Context, c *engine.Client, fatal chan<- error) ([]sdkworker.Worker, error) {
	var workers []sdkworker.Worker
	for _, s := range g.stores {
		// An engine that was there a moment ago may be gone again: it is waited for,
		// as in the beginning. A worker that failed to start is of no more use.
		err := await(ctx, g.waiting, func() error {
			w := g.newWorker(c, s, fatal)
			if err := w.Start(); err != nil {
				return notStarted(s.row.name, err)
			}
			workers = append(workers, w)
			return nil
		})
		if err != nil {
			return workers, err
		}
	}
	return workers, nil
}

// newWorker returns the Temporal worker of a service.
func (g *Group) newWorker(c *engine.Client, s *stores, fatal chan<- error) sdkworker.Worker {
	queue := cmp.Or(g.o.Queues[s.row.name], s.row.name)
	w := sdkworker.New(c.Client, queue, g.workerOptions(s, fatal))
	s.row.bind(w, s)
	s.row.audit(w, s, orders.NewSagas(c.Client, queue))
	if s.row.decides {
		workflows.Register(w, workflows.Options{Queues: g.o.Queues, Timing: g.o.Timing})
	}
	return w
}

// notStarted says why a worker did not start, and whether waiting heals it.
func notStarted(name string, err error) error {
	kind, code := fault.Bug, fault.Internal
	var unavailable *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	var busy *serviceerror.ResourceExhausted
	if errors.As(err, &unavailable) || errors.As(err, &late) || errors.As(err, &busy) || errors.Is(err, context.DeadlineExceeded) {
		kind, code = fault.Transient, fault.Unavailable
	}
	return fault.Errorf(kind, code, "start worker of %s: %w", name, err)
}

// stop drains the workers, all at once: each has the whole time.
func stop(workers []sdkworker.Worker) {
	var drained sync.WaitGroup
	for _, w := range workers {
		drained.Go(w.Stop)
	}
	drained.Wait()
}

func (g *Group) set(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.why = why
}

func (g *Group) names() []string {
	var names []string
	for _, row := range registry {
		if _, ok := g.o.Services[row.name]; ok {
			names = append(names, row.name)
		}
	}
	return names
}

func (g *Group) drainTimeout() time.Duration { return cmp.Or(g.o.DrainTimeout, 20*time.Second) }

// close closes the databases, after the workers.
func (g *Group) close() {
	g.set(fault.Errorf(fault.Transient, fault.Unavailable, "the services have stopped"))
	for _, s := range g.stores {
		if err := s.close(); err != nil {
			g.o.Logger.Warn("a database did not close", "service", s.row.name, "error", err)
		}
	}
}
