package api

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

func (b *testBundle) cancel(t *testing.T) response {
	return b.do(t, http.MethodPost, "/v1/orders/"+someOrder+"/cancel", "", "Content-Type: application/json")
}

// turns answers PENDING to the first question and then another status.
func turns(then workflows.Status) func(context.Context, string) (workflows.OrderView, error) {
	var asked atomic.Int64
	return func(_ context.Context, id string) (workflows.OrderView, error) {
		status := then
		if asked.Add(1) == 1 {
			status = workflows.StatusPending
		}
		return view(strings.TrimPrefix(id, "order-"), status), nil
	}
}

func TestCancelOrder(t *testing.T) {
	t.Parallel()

	setupPending := func(t *testing.T, then workflows.Status, result error) *testBundle {
		t.Helper()
		b := setup(t, quick)
		b.temporal.query = turns(then)
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
		b.temporal.cancel = func(context.Context, client.UpdateWorkflowOptions) (saga.CancelResult, error) {
			return saga.CancelResult{Phase: saga.Compensating}, result
		}
		return b
	}

	t.Run("AsksTheSagaOnceAndSaysThatUndoRuns", func(t *testing.T) {
		t.Parallel()
		b := setupPending(t, workflows.StatusPending, nil)
		b.temporal.cancel = func(_ context.Context, o client.UpdateWorkflowOptions) (saga.CancelResult, error) {
			require.Equal(t, client.UpdateWorkflowOptions{
				WorkflowID: "order-" + someOrder, UpdateID: workflows.CancelUpdateID, UpdateName: saga.UpdateCancel,
				Args:         []any{saga.CancelRequest{Saga: someOrder, Reason: "CUSTOMER_REQUEST"}},
				WaitForStage: client.WorkflowUpdateStageAccepted,
			}, o)
			return saga.CancelResult{Phase: saga.Compensating}, nil
		}
		answer := b.cancel(t)
		answer.order(t, http.StatusAccepted)
		require.Equal(t, "/v1/orders/"+someOrder, answer.Header.Get("Location"))
	})

	t.Run("TakesAnEmptyObject", func(t *testing.T) {
		t.Parallel()
		b := setupPending(t, workflows.StatusCancelled, nil)
		b.do(t, http.MethodPost, "/v1/orders/"+someOrder+"/cancel", "{}", "Content-Type: application/json").order(t, http.StatusOK)
	})

	t.Run("SaysThatItIsCancelledOnceItIs", func(t *testing.T) {
		t.Parallel()
		b := setupPending(t, workflows.StatusCancelled, nil)
		require.Equal(t, "CANCELLED", b.cancel(t).order(t, http.StatusOK).Status)
	})

	t.Run("IsRecordedEvenIfItsEffectTakesLonger", func(t *testing.T) {
		t.Parallel()
		b := setupPending(t, workflows.StatusPending, nil)
		b.temporal.outcome = func(ctx context.Context) error {
			<-ctx.Done()
			return client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
		}
		b.cancel(t).order(t, http.StatusAccepted)
	})

	t.Run("LeavesADecidedOrderAlone", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.query = knows(workflows.StatusCancelled)
		b.cancel(t).order(t, http.StatusOK)
		b.temporal.query = knows(workflows.StatusConfirmed)
		b.cancel(t).refused(t, http.StatusConflict, saga.PastPivot)
	})

	t.Run("ComesTooLateAfterThePivot", func(t *testing.T) {
		t.Parallel()
		b := setupPending(t, workflows.StatusPending, nil)
		b.temporal.outcome = func(context.Context) error { return temporal.NewApplicationError("too late", string(saga.PastPivot)) }
		b.cancel(t).refused(t, http.StatusConflict, saga.PastPivot)
		setupPending(t, workflows.StatusPending, temporal.NewApplicationError("too late", string(saga.PastPivot))).
			cancel(t).refused(t, http.StatusConflict, saga.PastPivot)
		setupPending(t, workflows.StatusConfirmed, nil).cancel(t).refused(t, http.StatusConflict, saga.PastPivot)
	})

	for name, c := range map[string]struct {
		err  error
		its  enumspb.WorkflowExecutionStatus
		code fault.Code
		is   int
	}{
		"Decided":    {temporal.NewApplicationError("decided", string(saga.AlreadyDecided)), enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, fault.Unavailable, 503},
		"Terminated": {serviceerror.NewNotFound("workflow execution already completed"), enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, read.SagaStopped, 409},
		"LostOfView": {serviceerror.NewNotFound("workflow execution already completed"), enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, fault.Unavailable, 503},
	} {
		t.Run("LooksAgainAtAnOrderThatWasMeanwhile"+name, func(t *testing.T) {
			t.Parallel()
			setupPending(t, workflows.StatusCancelled, c.err).cancel(t).order(t, http.StatusOK)
			setupPending(t, workflows.StatusConfirmed, c.err).cancel(t).refused(t, http.StatusConflict, saga.PastPivot)
			b := setupPending(t, workflows.StatusPending, c.err)
			b.temporal.describe = described(t, c.its, nil)
			b.cancel(t).refused(t, c.is, c.code)
		})
	}

	t.Run("DoesNotKnowAnUnknownOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewNotFound("no")
		}
		b.cancel(t).refused(t, http.StatusNotFound, fault.NotFound)
	})

	t.Run("SaysThatItMayNotHaveArrived", func(t *testing.T) {
		t.Parallel()
		b := setupPending(t, workflows.StatusPending, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded))
		p := b.cancel(t).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Contains(t, *p.Detail, "Repeat it")
	})
}
