package e2e_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// A cancel may be part of a workflow's very first task, with the start and the
// placement.
func TestACancelThatArrivesBeforeTheFirstTaskIsHeard(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.stop("order")
	id := uuid.NewString()
	now := time.Now().UTC()
	_, err := server.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.WorkflowID(id), TaskQueue: p.queues["order"],
	}, workflows.PlaceOrder, workflows.Input{OrderID: id, Placement: workflows.Placement{
		CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa", Fingerprint: "f", Nonce: "n",
		Lines:    []workflows.Line{{SKU: "MUG", Quantity: 1}},
		ShipTo:   workflows.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		PlacedAt: now, DecideBy: now.Add(10 * time.Minute),
	}})
	require.NoError(t, err)

	outcome := make(chan error, 1)
	go func() {
		h, err := server.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
			WorkflowID: workflows.WorkflowID(id), UpdateID: workflows.CancelUpdateID, UpdateName: saga.UpdateCancel,
			Args: []any{saga.CancelRequest{Saga: id}}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		if err == nil {
			err = h.Get(t.Context(), nil)
		}
		outcome <- err
	}()
	eventually(t, "the cancel is admitted", func() bool { return admitted(t, id) })
	p.start(t, "order")

	require.NoError(t, <-outcome)
	require.Equal(t, order.CustomerRequest, decided(t, id).Reason)
	require.NoError(t, p.Check(t.Context()))

	h, err := replay.FromServer(t.Context(), server.Client, workflows.WorkflowID(id), "")
	require.NoError(t, err)
	require.NoError(t, replay.Replay(h))
}

// admitted reports whether the engine holds the cancel, which no worker has seen.
func admitted(t *testing.T, id string) bool {
	t.Helper()
	_, err := server.WorkflowService().PollWorkflowExecutionUpdate(t.Context(), &workflowservice.PollWorkflowExecutionUpdateRequest{
		Namespace: server.Namespace,
		UpdateRef: &updatepb.UpdateRef{
			WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(id)}, UpdateId: workflows.CancelUpdateID,
		},
	})
	return err == nil
}
