// Package worker runs services: it opens their databases, binds their steps to
// Temporal workers on their task queues, waits until all dependencies are
// available, and drains everything at the end. Package registry has one row per service.
// It also opens one service's database for commands beside a running platform.
//
// A process runs one service or several, and keeps no state that must survive it.
// A worker that is killed loses the attempts that it was making: the engine gives
// them to another worker when their start-to-close time has passed, and the
// barrier makes them take effect once.
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

	sdkworker "go.temporal.io/sdk/worker"
	"google.golang.org/grpc"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/discovery/meter"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/sagas"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/worker/await"
	"github.com/amends/amends/worker/claims"
	"github.com/amends/amends/worker/events"
	"github.com/amends/amends/worker/reacting"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/worker/registry/disturb"
	"github.com/amends/amends/worker/tries"
	"github.com/amends/amends/workflows"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

// Options describes which services run, and how.
type Options struct {
	// Services are those that run, by name.
	Services map[string]Service
	// Installation is the one that their databases must belong to; empty: any.
	Installation string
	// Queues are the task queues of all services, by name: the order saga calls
	// every one. A missing one is the service's name.
	Queues map[string]string
	// Former are task queues of an earlier release that the services poll too, by name:
	// sagas in flight have tasks there.
	Former map[string]string
	// Timing has the limits and intervals of the order saga; zero is the kernel's
	// default.
	Timing Timing
	// Attributes are the search attributes that the workflow sets. The service that
	// runs the workflow waits until the namespace has them, or its tasks would fail.
	Attributes []namespace.Attribute
	// LockTimeout is how long a statement waits for a lock; 0 is 250 ms for a step on
	// PostgreSQL, otherwise 3 s.
	LockTimeout time.Duration
	// ConnLifetime bounds the use of a connection to PostgreSQL; 0 is 30 min.
	ConnLifetime time.Duration
	// Durable makes SQLite wait for the disk at every commit.
	Durable bool
	// NoPipeline sends every statement to PostgreSQL by itself.
	NoPipeline bool
	// DrainTimeout is how long a stop waits for running activities; 0 is 20 s.
	DrainTimeout time.Duration
	// Pollers are each service's; zero is the default.
	Pollers Pollers
	// Build is the name of the program's build at the engine; empty: the SDK's checksum of
	// the program.
	Build string
	// WorkflowCache bounds the sagas that the process keeps in memory, those of all
	// groups; 0 leaves the bound as it is, at first the SDK's 10,000.
	WorkflowCache int
	// Stuck says when an undecided order counts as stuck.
	Stuck stuck.Options
	// Bus is the broker to which the services' events go, and from which they hear those
	// of others; nil: events wait in the outboxes, and the services hear none.
	// The caller closes it after the group has stopped.
	Bus event.Bus
	// TakeoverAfter is how long after the last sign of life of a process another one takes
	// its work on events over; 0 is 15 s.
	TakeoverAfter time.Duration
	// Metrics receives the measurements of all orders, by the worker of the order
	// service; nil: nothing is measured.
	Metrics *telemetry.Metrics
	// Doctor says how often the services are compared with each other.
	Doctor Doctor
	// RPC says where the services answer the calls of other processes.
	RPC RPC
	// Others are connections to services that other processes run, by name. The worker of
	// the order service makes the first tries of express steps over them; those of a
	// service without one are durable at once. The caller closes them.
	Others map[string]grpc.ClientConnInterface
	// Ask connects a service of the group to another one that it asks; nil: none can be
	// asked. The caller closes the connections.
	Ask registry.Ask
	// Mail says how mails are sent.
	Mail registry.Mail
	// Disturb says what the calls of external systems meet first. Zero: nothing.
	Disturb disturb.Systems
	// Logger must be set.
	Logger *slog.Logger
}

// queue returns the task queue of a service.
func (o Options) queue(name string) string { return cmp.Or(o.Queues[name], name) }

// polled returns the task queues that a service polls, its own first.
func (o Options) polled(name string) []string {
	return slices.DeleteFunc([]string{o.queue(name), o.Former[name]}, func(queue string) bool { return queue == "" })
}

// Timing has the limits and intervals of a saga.
type Timing = saga.Timing

// Pollers is how many long polls a worker keeps open.
type Pollers = engine.Pollers

// Service has the settings of one service.
type Service struct {
	// DSN is the service's database, OutsideDSN that of the simulator of its external
	// system, for a service that calls one.
	DSN, OutsideDSN string
	// Secret is the service's, for one that needs it.
	Secret string
	// MaxConns bounds the connections to each; 0 is the database's default.
	MaxConns int
}

// Group is the services of one process.
type Group struct {
	o          Options
	load       meter.Server       // of the calls of other processes
	registered []registry.Row     // of all services
	graph      choreography.Graph // of choreographed orders
	claimEvery time.Duration      // between two looks at the claims

	mu      sync.Mutex
	why     error // why the group does not work; nil while it does
	failed  error // why it will not work again; nil unless a worker has failed
	stores  []*registry.Stores
	client  *engine.Client
	steps   *saga.Steps // of the group's services
	warners []events.Warner
}

// New returns a group that does nothing yet. It fails for an unknown service, and
// for none.
func New(o Options) (*Group, error) {
	for name, s := range o.Services {
		if err := registry.Check(name, s.Secret); err != nil {
			return nil, err
		}
	}
	if len(o.Services) == 0 {
		return nil, fmt.Errorf("no service to run: there are %s", strings.Join(registry.Names(), ", "))
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
	return &Group{o: o, registered: registry.All, graph: reactions.Choreography(), claimEvery: claims.Every, why: unavailable("the services have not started")}, nil
}

// Run runs the services until ctx ends, then drains them: they take no new work, and
// running activities have DrainTimeout to finish. It waits for databases that do
// not answer or are not migrated, and for an engine that does not answer;
// meanwhile [Group.Ready] returns the reason. Run returns nil after a drain,
// otherwise an error that retrying cannot fix, such as a database or a task queue
// that is not the group's, see package claims, or a graph in which a choreographed order could stand
// still. A group runs once.
func (g *Group) Run(ctx context.Context, c *engine.Client) error {
	defer g.close()
	if err := reacting.Check(g.graph); err != nil {
		return err //nolint:wrapcheck // it says what is wrong
	}
	if err := g.prepare(ctx, c); err != nil {
		if ctx.Err() != nil {
			return nil // asked to end before it had begun
		}
		return err
	}
	for _, s := range g.stores {
		if err := s.Prepare(g.o.Ask); err != nil {
			return err
		}
	}
	g.steps = g.newSteps(c)
	fatal := make(chan error, len(g.stores))
	workers, err := g.start(ctx, c, fatal)
	if err != nil {
		engine.Stop(workers)
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	ctx, parts := process.New(ctx)
	publishing := g.connect(ctx, parts, events.Config.Publish)
	g.serve(ctx, parts)
	parts.Start(ctx, process.Part{Name: "workers", Run: func(ctx context.Context) error {
		defer engine.Stop(workers)
		select {
		case <-ctx.Done():
			return nil
		case err := <-fatal:
			g.fail(unavailable("a worker has failed"))
			return fmt.Errorf("worker: %w", err)
		}
	}})
	if g.acts() {
		parts.Start(ctx, process.Part{Name: "task queues", Run: func(ctx context.Context) error { return g.keepClaims(ctx, c) }})
	}
	if err := errors.Join(publishing, g.background(ctx, c, parts), g.connect(ctx, parts, events.Config.Listen), g.connect(ctx, parts, events.Config.Watch), g.work(ctx, parts)); err != nil {
		return errors.Join(err, parts.Stop())
	}
	events.Fill(ctx, parts, g.stores, g.o.Logger)
	g.set(nil)
	g.register(ctx, parts)
	if g.o.Bus == nil {
		g.o.Logger.Warn("no broker is configured: events wait in the outboxes")
	}
	g.o.Logger.Info("services run", "services", strings.Join(g.names(), " "))
	<-ctx.Done()
	if parts.Err() == nil {
		g.set(unavailable("the services are stopping"))
		g.o.Logger.Info("services drain", "services", strings.Join(g.names(), " "), "timeout", g.drainTimeout())
	}
	return errors.Join(parts.Err(), parts.Stop())
}

// Ready returns the reason why the group cannot do its work right now, nil if it
// can: it has started, its databases answer and are migrated, and the engine
// answers.
func (g *Group) Ready(ctx context.Context) error {
	g.mu.Lock()
	why, all, client := cmp.Or(g.failed, g.why), slices.Clone(g.stores), g.client
	g.mu.Unlock()
	if why != nil {
		return why
	}
	for _, s := range all {
		if err := s.Ready(ctx); err != nil {
			return err
		}
	}
	if !g.acts() {
		return nil
	}
	return namespace.Ready(ctx, client, g.attributes())
}

// start starts a Temporal worker for every service. It returns those that it
// started, also with an error.
func (g *Group) start(ctx context.Context, c *engine.Client, fatal chan<- error) ([]sdkworker.Worker, error) {
	var workers []sdkworker.Worker
	for _, s := range g.stores {
		if s.Row.Bind == nil {
			continue
		}
		for _, queue := range g.o.polled(s.Row.Name) {
			// The engine answered a moment ago and may be gone again. A worker that failed
			// to start cannot be started again.
			err := await.Until(ctx, g.waiting, func(context.Context) error {
				w := g.newWorker(c, s, queue, fatal)
				if err := w.Start(); err != nil {
					return engine.NotStarted(s.Row.Name, err)
				}
				workers = append(workers, w)
				return nil
			})
			if err != nil {
				return workers, err
			}
		}
	}
	return workers, nil
}

// newWorker returns the Temporal worker of a service on a task queue.
func (g *Group) newWorker(c *engine.Client, s *registry.Stores, queue string, fatal chan<- error) sdkworker.Worker {
	w := sdkworker.New(c.Client, queue, g.workerOptions(s, fatal))
	engine := sagas.New(c.Client, c.Payloads.Data, g.o.queue(s.Row.Name))
	s.Row.Bind(w, s, engine.Request)
	s.BindAudit(w, engine, g.stores)
	if s.Row.Decides {
		g.tries().Bind(w)
		workflows.Register(w, workflows.Options{Queues: g.o.Queues, Timing: g.o.Timing})
		doctorflow.Register(w, g.o.Queues)
	}
	return w
}

// newSteps returns the steps of the group's services.
func (g *Group) newSteps(c *engine.Client) *saga.Steps {
	steps := saga.NewSteps()
	for _, s := range g.stores {
		if s.Row.Bind != nil {
			s.Row.Bind(steps, s, sagas.New(c.Client, c.Payloads.Data, g.o.queue(s.Row.Name)).Request)
		}
	}
	return steps
}

func (g *Group) tries() tries.Tries {
	return tries.Tries{Steps: g.steps, Local: g.stores, Remote: g.o.Others}
}

func (g *Group) set(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.why = why
}

// fail makes the group unready for good.
func (g *Group) fail(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failed = why
}

func (g *Group) names() (names []string) {
	for _, row := range g.rows() {
		names = append(names, row.Name)
	}
	return names
}

// rows returns the rows of the group's services.
func (g *Group) rows() (rows []registry.Row) {
	for _, row := range g.registered {
		if _, ok := g.o.Services[row.Name]; ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// decides reports whether the group runs the order workflow.
func (g *Group) decides() bool {
	return slices.ContainsFunc(g.rows(), func(r registry.Row) bool { return r.Decides })
}

func (g *Group) drainTimeout() time.Duration { return cmp.Or(g.o.DrainTimeout, 20*time.Second) }

// unavailable is a reason why the group does not work that passes by itself.
func unavailable(reason string) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "%s", reason)
}

// close closes the databases, after the workers have drained.
func (g *Group) close() {
	g.set(unavailable("the services have stopped"))
	for _, s := range g.stores {
		if err := s.Close(); err != nil {
			g.o.Logger.Warn("a database did not close", "service", s.Row.Name, "error", err)
		}
	}
}
