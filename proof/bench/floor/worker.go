package floor

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/engine"
)

// drain is how long a stop waits for running activities.
const drain = 5 * time.Second

// Services returns the names of the services, each once.
func Services() []string {
	var names []string
	for _, s := range Steps {
		names = append(names, s.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Work runs the workers of the workflows and of all services until ctx ends. dsns
// are the services' databases by name. It calls ready when they poll.
func Work(ctx context.Context, c client.Client, dsns map[string]string, ready func()) (err error) {
	fatal := make(chan error, 1)
	workflows := newWorker(c, Queue, 0, fatal)
	workflows.RegisterWorkflowWithOptions(Bare, workflow.RegisterOptions{Name: BareWorkflow})
	workflows.RegisterWorkflowWithOptions(Naive, workflow.RegisterOptions{Name: NaiveWorkflow})
	workers := []worker.Worker{workflows}
	for _, name := range Services() {
		db, err := database.Open(ctx, dsns[name], database.Options{})
		if err != nil {
			return err
		}
		defer func() { _ = database.Close(db) }()
		pool, err := db.DB()
		if err == nil {
			_, err = pool.ExecContext(ctx, schema)
		}
		if err != nil {
			return fmt.Errorf("database of %s: %w", name, err)
		}
		workers = append(workers, newServiceWorker(c, name, pool, fatal))
	}
	defer func() { err = errors.Join(err, stop(workers)) }()
	for i, w := range workers {
		if err := w.Start(); err != nil {
			workers = workers[:i]
			return fmt.Errorf("start worker: %w", err)
		}
	}
	ready()
	select {
	case <-ctx.Done():
		return nil
	case err := <-fatal:
		return err
	}
}

func newServiceWorker(c client.Client, name string, pool *sql.DB, fatal chan<- error) worker.Worker {
	s := service{pool}
	w := newWorker(c, Step{Service: name}.Queue(), pool.Stats().MaxOpenConnections, fatal)
	w.RegisterActivityWithOptions(s.do, activity.RegisterOptions{Name: do})
	w.RegisterActivityWithOptions(s.undo, activity.RegisterOptions{Name: undo})
	return w
}

// newWorker returns a worker with the settings of the platform's; without slots it
// runs workflows, with slots activities.
func newWorker(c client.Client, queue string, slots int, fatal chan<- error) worker.Worker {
	o := engine.WorkerOptions(cmp.Or(slots, 1), engine.DefaultPollers(), drain)
	o.DisableWorkflowWorker = slots > 0
	o.OnFatalError = func(err error) {
		select {
		case fatal <- err:
		default: // one is enough to end
		}
	}
	return worker.New(c, queue, o)
}

// stop drains the workers, all at once.
func stop(workers []worker.Worker) error {
	var all errgroup.Group
	for _, w := range workers {
		all.Go(func() error {
			w.Stop()
			return nil
		})
	}
	return all.Wait()
}
