package watch

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/workflows"
)

// patience bounds every wait, on a machine that does other work too.
const patience = 60 * time.Second

// onEngine starts a dev server and connects to it.
func onEngine(t *testing.T) *engine.Client {
	t.Helper()
	s := enginetest.Start(t, temporal.Options{})
	c, err := engine.Dial(engine.Options{Address: s.Address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// services are those whose queues a bundle has.
var services = []string{"order", "catalog", "inventory", "payment", "shipping"}

// bundle is an order service's database, and an engine that is watched with short
// patience.
type bundle struct {
	c      Config
	store  *orderstore.Store
	client *engine.Client
}

func newBundle(t *testing.T, c *engine.Client) *bundle {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "order.db"), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close(db)) })
	require.NoError(t, orderstore.Schema.Migrate(t.Context(), db))
	store := orderstore.New(db)
	b := &bundle{store: store, client: c, c: Config{
		Orders: store, Engine: c, ParkAfter: time.Millisecond,
		Words: NewWords(Words{
			Codes:   map[fault.Code]string{"PROVIDER_TIMEOUT": "the payment provider gave no answer"},
			Unknown: map[string]string{"payment.authorize": "the money is still held"},
		}),
		Stuck: StuckOptions{Young: time.Nanosecond, Grace: time.Millisecond, NotTaken: 300 * time.Millisecond, Rate: 1000},
	}}
	for _, name := range services {
		b.c.Queues = append(b.c.Queues, Queue{Service: name, Name: name + "-" + uuid.NewString(), Decides: name == "order"})
	}
	return b
}

// queue returns the task queue of a service.
func (b *bundle) queue(service string) string { return New(b.c).newSearch().queueOf(service) }

// place writes an order that is PENDING, to be decided by a time.
func (b *bundle) place(t *testing.T, decideBy time.Time) (id string) {
	t.Helper()
	id = uuid.NewString()
	_, err := b.store.Create(t.Context(), key.Key{Saga: id, Step: "order.create"}, order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 1}}, DecideBy: decideBy,
	})
	require.NoError(t, err)
	return id
}

// run starts the order's workflow.
func (b *bundle) run(t *testing.T, id string) {
	t.Helper()
	_, err := b.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: b.queue("order")}, workflows.PlaceOrder)
	require.NoError(t, err)
}

// serve runs a worker of the order's queue that polls for decisions only, with a
// workflow as given.
func (b *bundle) serve(t *testing.T, w any) (stop func()) {
	t.Helper()
	worker := sdkworker.New(b.client.Client, b.queue("order"), sdkworker.Options{LocalActivityWorkerOnly: true})
	worker.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: workflows.PlaceOrder})
	require.NoError(t, worker.Start())
	stopped := false
	stop = func() {
		if !stopped {
			worker.Stop()
		}
		stopped = true
	}
	t.Cleanup(stop)
	return stop
}

// causesOf looks once.
func (b *bundle) causesOf(t *testing.T, id string) (found []Cause) {
	t.Helper()
	report, err := New(b.c).newSearch().report(t.Context())
	require.NoError(t, err)
	for _, o := range report.Orders {
		for _, s := range o.Symptoms {
			require.NotEmpty(t, s.Reason)
			require.WithinDuration(t, time.Now(), s.Since, time.Hour)
			if o.ID == id {
				found = append(found, s.Cause)
			}
		}
	}
	return found
}

// becomes looks until an order is stuck for exactly these causes, and returns
// the words of the first.
func (b *bundle) becomes(t *testing.T, id string, want ...Cause) (words string) {
	t.Helper()
	require.Eventually(t, func() bool { return slices.Equal(b.causesOf(t, id), want) }, patience, 20*time.Millisecond, "%s: %v", id, want)
	report, err := New(b.c).newSearch().report(t.Context())
	require.NoError(t, err)
	i := slices.IndexFunc(report.Orders, func(o StuckOrder) bool { return o.ID == id })
	require.GreaterOrEqual(t, i, 0)
	return report.Orders[i].Symptoms[0].Reason
}

// step is a workflow that takes one step of a service and waits for it.
func (b *bundle) step(name, service string) func(workflow.Context) error {
	return func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: b.queue(service), StartToCloseTimeout: time.Hour})
		return workflow.ExecuteActivity(ctx, name).Get(ctx, nil)
	}
}

func idle(ctx workflow.Context) error { return workflow.Await(ctx, func() bool { return false }) }

func TestStuck(t *testing.T) {
	t.Parallel()
	c := onEngine(t)
	future := func() time.Time { return time.Now().UTC().Add(time.Hour) }

	t.Run("IsNoOrderThatWaitsForARunningStep", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.serve(t, idle)
		id := b.place(t, future())
		b.run(t, id)
		require.Eventually(t, func() bool {
			d, err := c.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
			return err == nil && d.GetPendingWorkflowTask() == nil
		}, patience, 10*time.Millisecond)
		require.Empty(t, b.causesOf(t, id))
	})

	t.Run("IsAnOrderWithoutAWorkflow", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		require.Equal(t, "the engine has no workflow of it: nothing works on it", b.becomes(t, b.place(t, future()), NotRunning))
	})

	t.Run("IsAnOrderWhoseWorkflowWasTerminated", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		id := b.place(t, future())
		b.run(t, id)
		require.NoError(t, c.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
		require.Contains(t, b.becomes(t, id, NotRunning), "its workflow was terminated")
	})

	t.Run("IsNotOneThatWasDecidedMeanwhile", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		id := b.place(t, future())
		l := New(b.c).newSearch()
		candidates, others, err := l.candidates(t.Context())
		require.NoError(t, err)
		require.Len(t, candidates, 1)
		require.Zero(t, others)
		_, err = b.store.Cancel(t.Context(), key.Key{Saga: id, Step: "order.cancel"}, order.Closing{Reason: order.Deadline})
		require.NoError(t, err)
		found, err := l.examine(t.Context(), candidates[0])
		require.NoError(t, err)
		require.Empty(t, found)
	})

	t.Run("IsAnOrderWhoseWorkflowCodePanics", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.serve(t, func(workflow.Context) error { panic("a bug") })
		id := b.place(t, future())
		b.run(t, id)
		require.Regexp(t, `its workflow task fails \(attempt \d+\): the workflow code panics`, b.becomes(t, id, TaskFailing))
	})

	t.Run("IsAnOrderWhoseHistoryDoesNotFitTheCode", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		stop := b.serve(t, b.step("catalog.quote", "catalog"))
		id := b.place(t, future())
		b.run(t, id)
		require.Eventually(t, func() bool {
			d, err := c.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
			return err == nil && len(d.GetPendingActivities()) == 1
		}, patience, 10*time.Millisecond)
		stop()
		b.serve(t, func(ctx workflow.Context) error { return workflow.Sleep(ctx, time.Hour) })
		require.NoError(t, c.SignalWorkflow(t.Context(), workflows.WorkflowID(id), "", "wake", nil))
		require.Contains(t, b.becomes(t, id, TaskFailing, NoWorker), "its history does not fit the workflow code")
	})

	t.Run("IsAnOrderWhoseQueueNoWorkerPolls", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		id := b.place(t, future())
		b.run(t, id)
		require.Equal(t, `no worker polls queue "`+b.queue("order")+`" for its next decision`, b.becomes(t, id, NoWorker))
	})

	t.Run("IsAnOrderWhoseStepNoWorkerPollsFor", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.serve(t, b.step("catalog.quote", "catalog"))
		id := b.place(t, future())
		b.run(t, id)
		require.Equal(t, `no worker polls queue "`+b.queue("catalog")+`" for catalog.quote`, b.becomes(t, id, NoWorker))
	})

	t.Run("IsAnOrderWhoseStepABusyWorkerDoesNotTake", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.serve(t, b.step("catalog.quote", "catalog"))
		busy, release := make(chan struct{}), make(chan struct{})
		w := sdkworker.New(c.Client, b.queue("catalog"), sdkworker.Options{
			DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: 1, MaxConcurrentActivityTaskPollers: 1,
		})
		w.RegisterActivityWithOptions(func(context.Context) error {
			busy <- struct{}{}
			<-release
			return nil
		}, activity.RegisterOptions{Name: "catalog.quote"})
		ids := []string{b.place(t, future()), b.place(t, future()), b.place(t, future())}
		for _, id := range ids {
			b.run(t, id)
			b.becomes(t, id, NoWorker) // one after the other
		}
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
		t.Cleanup(func() { close(release) })
		<-busy
		release <- struct{}{}
		<-busy // it has polled again, and has taken another one
		require.Contains(t, b.becomes(t, ids[2], NotTaken), "too few for what is waiting")
	})

	t.Run("IsAnOrderThatIsLateUnlessItIsFlagged", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.serve(t, idle)
		id := b.place(t, time.Now().UTC().Add(-time.Second))
		b.run(t, id)
		b.becomes(t, id, Late)
		require.NoError(t, b.store.Note(t.Context(), key.Key{Saga: id, Step: "order.note"}, order.Note{
			At: time.Now().UTC(), Attention: []ledger.Attention{{Step: "payment.capture", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Since: time.Now().UTC()}},
		}))
		require.Empty(t, b.causesOf(t, id))
	})
}

func TestASearchIsBounded(t *testing.T) {
	t.Parallel()
	b := newBundle(t, nil)
	b.c.Stuck.Limit = 2
	ids := []string{}
	for range 4 {
		ids = append(ids, b.place(t, time.Time{}))
	}
	candidates, others, err := New(b.c).newSearch().candidates(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, others)
	require.ElementsMatch(t, ids[:2], []string{candidates[0].id, candidates[1].id}, "the oldest")

	b.c.Stuck.Young = time.Hour
	candidates, others, err = New(b.c).newSearch().candidates(t.Context())
	require.NoError(t, err)
	require.Zero(t, others)
	require.Empty(t, candidates, "nearly all are decided by then")
}
