package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

const (
	someRefund  = "01985555-5555-8555-8555-555555555555"
	refundRetry = `{"step": "payment.refund", "refund": "` + someRefund + `", "action": "retry", "reason": "they are back"}`
)

func TestARepairOfARefund(t *testing.T) {
	t.Parallel()

	t.Run("AsksTheSagaOfTheRefundAboutTheOrder", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.query = knows(workflows.StatusConfirmed)
		b.temporal.repair = func(_ context.Context, o client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			require.Equal(t, "refund-"+someRefund, o.WorkflowID)
			require.Equal(t, saga.RepairRequest{
				Saga: someOrder, Step: "payment.refund", Action: saga.Retry, Reason: "they are back", Operator: "night",
			}, o.Args[0])
			return saga.RepairResult{}, nil
		}
		b.repair(t, refundRetry).operatorsOrder(t, http.StatusOK)
		require.Contains(t, b.logs.String(), "refund="+someRefund)
	})

	t.Run("IsRefusedAsTheSagaRefuses", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.query = knows(workflows.StatusConfirmed)
		for code, status := range map[fault.Code]int{
			saga.PivotStep: http.StatusConflict, saga.ClosingStep: http.StatusConflict, saga.NotFlagged: http.StatusConflict, saga.UnknownSaga: http.StatusNotFound,
		} {
			b.temporal.repair = refusedWith(code)
			require.Equal(t, status, b.repair(t, refundRetry).StatusCode, code)
		}
	})

	t.Run("OfARefundThatTheEngineDoesNotKnowIsNotFound", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.query = knows(workflows.StatusConfirmed)
		b.temporal.repair = func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			return saga.RepairResult{}, serviceerror.NewNotFound("no such workflow")
		}
		b.repair(t, refundRetry).refused(t, http.StatusNotFound, fault.NotFound)
	})
}
