package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
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

	t.Run("OfARefundWithoutAWorkflowIsDecidedByTheOrdersRecord", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{})
		b.temporal.repair = func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			return saga.RepairResult{}, serviceerror.NewNotFound("no such workflow")
		}
		refused := func(status int, code fault.Code) {
			t.Helper()
			b.request(t, "/v1/orders/"+someOrder+"/repair", refundRetry, "Authorization: Bearer "+nightSecret, "Content-Type: application/json").
				refused(t, status, code)
		}
		refused(http.StatusNotFound, fault.NotFound)
		refund := order.Refund{Opening: order.RefundOpening{ID: someRefund}}
		for status, code := range map[order.RefundStatus]fault.Code{
			order.RefundPending: read.SagaStopped, order.RefundDone: saga.AlreadyDecided, order.RefundRefused: saga.AlreadyDecided,
		} {
			refund.Status = status
			b.opened = []order.Refund{{Opening: order.RefundOpening{ID: "another"}, Status: order.RefundPending}, refund}
			refused(http.StatusConflict, code)
		}
		b.unread = fault.Errorf(fault.Transient, fault.Unavailable, "away")
		refused(http.StatusServiceUnavailable, fault.Unavailable)
	})
}
