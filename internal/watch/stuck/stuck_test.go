package stuck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/proof/watchtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// TestMain has every task replay its workflow from the beginning.
func TestMain(m *testing.M) {
	sdkworker.SetStickyWorkflowCacheSize(0)
	m.Run()
}

// patience bounds every wait, on a machine that does other work too.
const patience = 60 * time.Second

// bundle is a shop whose orders are searched with short patience.
type bundle struct {
	*watchtest.Shop

	c Config
}

func newBundle(t *testing.T, c *engine.Client) *bundle {
	t.Helper()
	s := watchtest.New(t, c)
	return &bundle{s, Config{
		Orders: s.Store, Engine: c, Queues: s.Queues, ParkAfter: time.Millisecond,
		Options: Options{Young: time.Nanosecond, Grace: time.Millisecond, NotTaken: 300 * time.Millisecond, Rate: 1000},
	}}
}

// run starts the order's workflow.
func (b *bundle) run(t *testing.T, id string) {
	t.Helper()
	_, err := b.Engine.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: b.Queue("order")}, workflows.PlaceOrder)
	require.NoError(t, err)
}

// symptoms looks once.
func (b *bundle) symptoms(ctx context.Context, id string) ([]symptom.Symptom, error) {
	report, err := New(b.c).newSearch(time.Now()).report(ctx)
	i := slices.IndexFunc(report.Orders, func(o Order) bool { return o.ID == id })
	if err != nil || i < 0 {
		return nil, err
	}
	return report.Orders[i].Symptoms, nil
}

// becomes looks until an order is stuck for exactly these causes, and its first
// symptom's reason has these words. A busy machine shows other symptoms first: a
// workflow task waits or times out before it fails.
func (b *bundle) becomes(t *testing.T, id, words string, want ...symptom.Cause) {
	t.Helper()
	var seen strings.Builder
	require.Eventually(t, func() bool {
		found, err := b.symptoms(t.Context(), id)
		seen.Reset()
		fmt.Fprint(&seen, found, err)
		return len(found) > 0 && strings.Contains(found[0].Reason, words) &&
			slices.EqualFunc(found, want, func(s symptom.Symptom, c symptom.Cause) bool {
				return s.Cause == c && s.Reason != "" && time.Since(s.Since).Abs() < time.Hour
			})
	}, patience, 20*time.Millisecond, "%s: %q of %v, last seen %s", id, words, want, &seen)
}

// recovers looks until an order is not stuck.
func (b *bundle) recovers(t *testing.T, id string) {
	t.Helper()
	require.Eventually(t, func() bool {
		found, err := b.symptoms(t.Context(), id)
		return err == nil && len(found) == 0
	}, patience, 20*time.Millisecond)
}

// step is a workflow that takes one step of a service and waits for it.
func (b *bundle) step(name, service string) func(workflow.Context) error {
	return func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: b.Queue(service), StartToCloseTimeout: time.Hour})
		return workflow.ExecuteActivity(ctx, name).Get(ctx, nil)
	}
}

func TestStuck(t *testing.T) {
	t.Parallel()
	c := watchtest.OnEngine(t)
	future := func() time.Time { return time.Now().UTC().Add(time.Hour) }

	t.Run("IsNoOrderThatWaitsForARunningStep", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.Serve(t, watchtest.Idle)
		id := b.Place(t, future())
		b.run(t, id)
		require.Eventually(t, func() bool {
			d, err := c.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
			return err == nil && d.GetPendingWorkflowTask() == nil
		}, patience, 10*time.Millisecond)
		b.recovers(t, id)
	})

	t.Run("IsAnOrderWithoutAWorkflow", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.becomes(t, b.Place(t, future()), "the engine has no workflow of it: nothing works on it", symptom.NotRunning)
	})

	t.Run("IsAnOrderWhoseWorkflowWasTerminated", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		id := b.Place(t, future())
		b.run(t, id)
		require.NoError(t, c.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
		b.becomes(t, id, "its workflow was terminated", symptom.NotRunning)
	})

	t.Run("IsNotOneThatWasDecidedMeanwhile", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		id := b.Place(t, future())
		l := New(b.c).newSearch(time.Now())
		candidates, others, err := l.candidates(t.Context())
		require.NoError(t, err)
		require.Len(t, candidates, 1)
		require.Zero(t, others)
		_, err = b.Store.Cancel(t.Context(), key.Key{Saga: id, Step: "order.cancel"}, order.Closing{Reason: order.Deadline})
		require.NoError(t, err)
		found, err := l.examine(t.Context(), candidates[0])
		require.NoError(t, err)
		require.Empty(t, found)
	})

	t.Run("IsAnOrderWhoseWorkflowCodePanics", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.Serve(t, func(workflow.Context) error { panic("a bug") })
		id := b.Place(t, future())
		b.run(t, id)
		b.becomes(t, id, "): the workflow code panics", symptom.TaskFailing)
	})

	t.Run("IsAnOrderWhoseHistoryDoesNotFitTheCode", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		// The worker gets other code while it runs. A worker that is stopped for that may
		// take the next task with it, and the engine keeps no reason after such a time-out.
		var changed atomic.Bool
		before := b.step("catalog.quote", "catalog")
		b.Serve(t, func(ctx workflow.Context) error {
			if changed.Load() {
				return workflow.Sleep(ctx, time.Hour)
			}
			return before(ctx)
		})
		id := b.Place(t, future())
		b.run(t, id)
		require.Eventually(t, func() bool {
			d, err := c.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
			return err == nil && len(d.GetPendingActivities()) == 1
		}, patience, 10*time.Millisecond)
		changed.Store(true)
		require.NoError(t, c.SignalWorkflow(t.Context(), workflows.WorkflowID(id), "", "wake", nil))
		b.becomes(t, id, "): its history does not fit the workflow code", symptom.TaskFailing, symptom.NoWorker)
	})

	t.Run("IsAnOrderWhoseQueueNoWorkerPolls", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		id := b.Place(t, future())
		b.run(t, id)
		b.becomes(t, id, `no worker polls queue "`+b.Queue("order")+`" for its next decision`, symptom.NoWorker)
	})

	t.Run("IsAnOrderWhoseStepNoWorkerPollsFor", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.Serve(t, b.step("catalog.quote", "catalog"))
		id := b.Place(t, future())
		b.run(t, id)
		b.becomes(t, id, `no worker polls queue "`+b.Queue("catalog")+`" for catalog.quote`, symptom.NoWorker)
	})

	t.Run("IsAnOrderWhoseStepABusyWorkerDoesNotTake", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.Serve(t, b.step("catalog.quote", "catalog"))
		busy, release := make(chan struct{}), make(chan struct{})
		w := sdkworker.New(c.Client, b.Queue("catalog"), sdkworker.Options{
			DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: 1, MaxConcurrentActivityTaskPollers: 1,
		})
		w.RegisterActivityWithOptions(func(context.Context) error {
			busy <- struct{}{}
			<-release
			return nil
		}, activity.RegisterOptions{Name: "catalog.quote"})
		ids := []string{b.Place(t, future()), b.Place(t, future()), b.Place(t, future())}
		for _, id := range ids {
			b.run(t, id)
			b.becomes(t, id, "for catalog.quote", symptom.NoWorker) // one after the other
		}
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
		t.Cleanup(func() { close(release) })
		<-busy
		release <- struct{}{}
		<-busy // it has polled again, and has taken another one
		b.becomes(t, ids[2], "too few for what is waiting", symptom.NotTaken)
	})

	t.Run("IsAnOrderWhoseStepIsPaused", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.Serve(t, b.step("catalog.quote", "catalog"))
		id := b.Place(t, future())
		b.run(t, id)
		b.becomes(t, id, "for catalog.quote", symptom.NoWorker)
		_, err := c.WorkflowService().PauseActivity(t.Context(), &workflowservice.PauseActivityRequest{
			Namespace: c.Namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(id)},
			Activity: &workflowservice.PauseActivityRequest_Type{Type: "catalog.quote"}, Identity: "night", Reason: "the catalog moves",
		})
		require.NoError(t, err)
		b.becomes(t, id, "catalog.quote is paused by night (the catalog moves)", symptom.Paused)
	})

	t.Run("IsAnOrderThatIsLateUnlessItIsFlagged", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.Serve(t, watchtest.Idle)
		id := b.Place(t, time.Now().UTC().Add(-time.Second))
		b.run(t, id)
		b.becomes(t, id, "", symptom.Late)
		require.NoError(t, b.Store.Note(t.Context(), key.Key{Saga: id, Step: "order.note"}, order.Note{
			At: time.Now().UTC(), Attention: []ledger.Attention{{Step: "payment.capture", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Since: time.Now().UTC()}},
		}))
		b.recovers(t, id)
	})
}

func TestASearchIsBounded(t *testing.T) {
	t.Parallel()
	b := newBundle(t, nil)
	b.c.Options.Limit = 2
	ids := []string{}
	for range 4 {
		ids = append(ids, b.Place(t, time.Time{}))
	}
	candidates, others, err := New(b.c).newSearch(time.Now()).candidates(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, others)
	require.ElementsMatch(t, ids[:2], []string{candidates[0].ID, candidates[1].ID}, "the oldest")

	b.c.Options.Young = time.Hour
	candidates, others, err = New(b.c).newSearch(time.Now()).candidates(t.Context())
	require.NoError(t, err)
	require.Zero(t, others)
	require.Empty(t, candidates, "nearly all are decided by then")
}
