package e2e_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/sagas"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows/repay"
)

// refundScenario is one shape that the history of a refund can have.
type refundScenario struct {
	status order.RefundStatus
	amount int64  // 0: 80 EUR
	away   string // the service without a worker when the refund is asked for
	mute   bool   // the provider takes the refund and gives no answer
	// steer interferes while the saga is under way, or afterwards; nil: not at all.
	steer func(t *testing.T, p *platform, f repay.Input, provider *outside)
}

// refundScenarios by the name of their golden history.
func refundScenarios() map[string]refundScenario {
	return map[string]refundScenario{
		"refund-done":             {status: order.RefundDone},
		"refund-refused":          {status: order.RefundRefused, amount: 1_000_000},
		"refund-parked":           {status: order.RefundDone, mute: true, steer: retryRefund},
		"refund-take-back-parked": {status: order.RefundDone, away: "inventory", steer: bringBack("inventory")},
		"refund-reset":            {status: order.RefundDone, steer: resetRefund},
		"refund-refused-reset":    {status: order.RefundRefused, amount: 1_000_000, steer: resetRefund},
		"refund-cancelled":        {status: order.RefundDone, away: "payment", steer: cancelRefund},
		"refund-resumed-refused":  {status: order.RefundRefused, away: "payment", steer: resumeRefund("payment")},
		"refund-resumed-done":     {status: order.RefundDone, away: "inventory", steer: resumeRefund("inventory")},
	}
}

// play takes the scenario from a confirmed order to the refund's end.
func (s refundScenario) play(t *testing.T, name string) (p *platform, workflowID string) {
	t.Helper()
	p = newPlatform(t, scenario{}.patience())
	id := scenario{status: confirmed}.playOn(t, p, "golden-order-of-a-guest-"+name, placement())
	p.restartOrder(t, impatient, nil, nil)
	provider := &outside{}
	if s.mute {
		provider = p.mute(t)
	}
	if s.away != "" {
		p.stop(s.away)
	}
	amount := int64(8000)
	if s.amount > 0 {
		amount = s.amount
	}
	f := repay.Input{
		OrderID: id, Number: 4711, Amount: money.New(amount, "EUR"),
		Note: refund.Note{ID: "01981111-1111-8111-8111-" + id[len(id)-12:], Reason: "broken", Reference: "case 7", By: "day", TakeBack: true},
	}
	workflowID = repay.WorkflowID(f.ID)
	_, err := server.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflowID, TaskQueue: p.queues["order"], StaticSummary: "pay back money of a confirmed order",
	}, repay.RefundOrder, f)
	require.NoError(t, err)
	if s.steer != nil {
		s.steer(t, p, f, provider)
	}
	require.Equal(t, s.status, repaid(t, workflowID).Status)
	require.NoError(t, p.Check(t.Context()))
	return p, workflowID
}

// repaid waits until a refund has ended.
func repaid(t *testing.T, workflowID string) (v repay.View) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, server.GetWorkflow(ctx, workflowID, "").Get(ctx, &v))
	return v
}

// refundFlagged waits until a refund is flagged in its order's record.
func (p *platform) refundFlagged(t *testing.T, f repay.Input) {
	t.Helper()
	eventually(t, "the refund needs attention", func() bool {
		rec, err := p.Orders.Get(t.Context(), f.OrderID)
		require.NoError(t, err)
		return rec.NeedsAttention()
	})
}

// refundOpened waits until a refund is recorded.
func (p *platform) refundOpened(t *testing.T, f repay.Input) (opened order.Refund) {
	t.Helper()
	eventually(t, "the refund is recorded", func() bool {
		pending, err := p.Orders.PendingRefundsOf(t.Context(), f.OrderID)
		require.NoError(t, err)
		if len(pending) == 1 {
			opened = pending[0]
		}
		return len(pending) == 1
	})
	return opened
}

func retryRefund(t *testing.T, p *platform, f repay.Input, provider *outside) {
	t.Helper()
	p.refundFlagged(t, f)
	provider.mute.Store(false)
	h, err := server.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: repay.WorkflowID(f.ID), UpdateID: "repair-golden", UpdateName: saga.UpdateRepair,
		Args:         []any{saga.RepairRequest{Saga: f.OrderID, Step: "payment.refund", Action: saga.Retry, Reason: "it answers again", Operator: "day"}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = h.Get(t.Context(), nil)
	}
	require.NoError(t, err)
}

func bringBack(service string) func(*testing.T, *platform, repay.Input, *outside) {
	return func(t *testing.T, p *platform, f repay.Input, _ *outside) {
		t.Helper()
		p.refundFlagged(t, f)
		p.start(t, service)
	}
}

// cancelRefund asks the engine to cancel while the pivot waits for its worker: its
// outcome decides.
func cancelRefund(t *testing.T, p *platform, f repay.Input, _ *outside) {
	t.Helper()
	p.refundOpened(t, f)
	eventually(t, "the pivot is scheduled", func() bool {
		d, err := server.DescribeWorkflowExecution(t.Context(), repay.WorkflowID(f.ID), "")
		require.NoError(t, err)
		return len(d.GetPendingActivities()) == 1
	})
	require.NoError(t, server.CancelWorkflow(t.Context(), repay.WorkflowID(f.ID), ""))
	p.start(t, "payment")
}

// resumeRefund terminates the workflow, as nobody should, and resumes the refund as the
// doctor does: it is refused if the payment service never got the request.
func resumeRefund(away string) func(*testing.T, *platform, repay.Input, *outside) {
	return func(t *testing.T, p *platform, f repay.Input, _ *outside) {
		t.Helper()
		opened := p.refundOpened(t, f)
		if away != "payment" {
			eventually(t, "the money is paid back", func() bool {
				paid, err := p.Payments.Get(t.Context(), f.OrderID)
				require.NoError(t, err)
				return paid.Refunded > 0
			})
		}
		require.NoError(t, server.TerminateWorkflow(t.Context(), repay.WorkflowID(f.ID), "", "test"))
		require.NoError(t, sagas.New(server.Client, server.Payloads.Data, p.queues["order"]).ResumeRefund(t.Context(), opened))
		p.start(t, away)
	}
}

// resetRefund resets to the beginning.
func resetRefund(t *testing.T, _ *platform, f repay.Input, _ *outside) {
	t.Helper()
	id := repay.WorkflowID(f.ID)
	repaid(t, id)
	h, err := replay.FromServer(t.Context(), server.Client, id, "")
	require.NoError(t, err)
	for _, e := range h.Events.GetEvents() {
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			_, err := server.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
				Namespace: server.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id},
				WorkflowTaskFinishEventId: e.GetEventId(), RequestId: id, Reason: "test",
			})
			require.NoError(t, err)
			return
		}
	}
}
