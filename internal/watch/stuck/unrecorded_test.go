package stuck

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/proof/watchtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

func TestStuckWithoutARecord(t *testing.T) {
	t.Parallel()
	c := watchtest.OnEngine(t)
	// Several shops share the engine, so one finds the orders of the others too.
	impatient := func(t *testing.T) *bundle {
		t.Helper()
		b := newBundle(t, c)
		b.c.Options.Unrecorded = time.Nanosecond
		return b
	}
	const words = "its workflow runs, and the order service has no record of it"

	t.Run("IsAnOrderWhoseWorkflowWaitsOnAWrongQueue", func(t *testing.T) {
		t.Parallel()
		b, id := impatient(t), uuid.NewString()
		b.run(t, id)
		b.becomes(t, id, words, symptom.Unrecorded, symptom.NoWorker)
		_, err := b.Store.Create(t.Context(), key.New(id, "order.create"), order.Placement{
			CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 1}},
		})
		require.NoError(t, err)
		b.becomes(t, id, "no worker polls", symptom.NoWorker)
	})

	t.Run("IsNoOrderWhoseWorkflowHasJustBegun", func(t *testing.T) {
		t.Parallel()
		b, id := impatient(t), uuid.NewString()
		b.run(t, id)
		b.becomes(t, id, words, symptom.Unrecorded, symptom.NoWorker)
		b.c.Options.Unrecorded = time.Hour
		b.recovers(t, id)
	})

	t.Run("IsNoOrderWhoseWorkflowWasTerminated", func(t *testing.T) {
		t.Parallel()
		b, id := impatient(t), uuid.NewString()
		b.run(t, id)
		b.becomes(t, id, words, symptom.Unrecorded, symptom.NoWorker)
		require.NoError(t, c.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
		b.recovers(t, id)
	})

	t.Run("IsAnOrderWhoseFirstTaskFails", func(t *testing.T) {
		t.Parallel()
		b, id := impatient(t), uuid.NewString()
		b.Serve(t, func(workflow.Context) error { panic("a bug") })
		b.run(t, id)
		b.becomes(t, id, words, symptom.Unrecorded, symptom.TaskFailing)
	})

	t.Run("IsAnOrderThatCannotBeRecordedAndWhy", func(t *testing.T) {
		t.Parallel()
		b, id := impatient(t), uuid.NewString()
		b.Serve(t, b.step("order.create", "order"))
		w := sdkworker.New(c.Client, b.Queue("order"), sdkworker.Options{DisableWorkflowWorker: true})
		w.RegisterActivityWithOptions(func(context.Context) error {
			return fault.Errorf(fault.Transient, fault.Unavailable, "the disk is full")
		}, activity.RegisterOptions{Name: "order.create"})
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
		b.run(t, id)
		b.becomes(t, id, "UNAVAILABLE: the disk is full)", symptom.Unrecorded)
	})

	t.Run("IsAWorkflowThatWasStartedByHand", func(t *testing.T) {
		t.Parallel()
		b, id := impatient(t), "by-hand-"+uuid.NewString()
		b.Serve(t, watchtest.Idle)
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: b.Queue("order")}, workflows.PlaceOrder)
		require.NoError(t, err)
		b.becomes(t, id, "is not the id of an order's workflow", symptom.Unrecorded)
	})

	t.Run("IsCountedBeyondTheLimit", func(t *testing.T) {
		t.Parallel()
		b := impatient(t)
		b.c.Options.Limit = 2
		for range 3 {
			b.run(t, uuid.NewString())
		}
		require.Eventually(t, func() bool {
			oldest, others, err := New(b.c).newSearch(time.Now()).unrecorded(t.Context())
			return err == nil && len(oldest) == 2 && others > 0 && !oldest[1].PlacedAt.Before(oldest[0].PlacedAt)
		}, patience, 20*time.Millisecond)
	})
}
