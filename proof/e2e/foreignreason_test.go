package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// An operator may cancel an order with the engine's tools, for a reason of their own.
// That is no bug: the order ends as requested, and no flag asks for a review.
func TestACancelForAForeignReasonIsARequest(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	for how, cancel := range map[string]func(id string) error{
		"update": func(id string) error {
			_, err := server.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
				WorkflowID: workflows.WorkflowID(id), UpdateName: saga.UpdateCancel,
				Args:         []any{saga.CancelRequest{Saga: id, Reason: "SUSPECTED_FRAUD"}},
				WaitForStage: client.WorkflowUpdateStageAccepted,
			})
			return err
		},
		"cancel request": func(id string) error {
			_, err := server.WorkflowService().RequestCancelWorkflowExecution(t.Context(), &workflowservice.RequestCancelWorkflowExecutionRequest{
				Namespace: server.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(id)},
				Reason: "SUSPECTED_FRAUD", RequestId: id,
			})
			return err
		},
	} {
		p.stop("shipping")
		id := p.place(t, "", "", placement()).order.ID
		p.reaches(t, id, "shipping.book", saga.Running)
		require.NoError(t, cancel(id), how)
		p.start(t, "shipping") // to undo
		v := decided(t, id)
		require.Equal(t, order.CustomerRequest, v.Reason, how)
		require.False(t, v.NeedsAttention, "%s: %v", how, v.Attention)
	}
	require.NoError(t, p.Check(t.Context()))
}
