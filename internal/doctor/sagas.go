// Package doctor is the reconciler's side towards the engine: it describes and
// resumes orders' sagas, keeps the schedule that starts a run, starts one that
// somebody asks for, and finds the last report. What is judged, and how, is in
// the workflows.
package doctor

import (
	"context"
	"errors"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Sagas implements [activities.Sagas] on an engine.
type Sagas struct {
	client client.Client
	queue  string // of the order service
}

var _ activities.Sagas = (*Sagas)(nil)

// NewSagas returns the sagas that workers of the given task queue run.
func NewSagas(c client.Client, queue string) *Sagas { return &Sagas{c, queue} }

// Describe implements [activities.Sagas].
func (s *Sagas) Describe(ctx context.Context, orderID string) (activities.SagaFact, error) {
	fact := activities.SagaFact{Order: orderID, State: activities.SagaMissing}
	d, err := s.client.DescribeWorkflowExecution(ctx, workflows.WorkflowID(orderID), "")
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return fact, nil
	case err != nil:
		return fact, unavailable(err)
	}
	info := d.GetWorkflowExecutionInfo()
	fact.State, fact.How = state(info.GetStatus()), strings.ToLower(info.GetStatus().String())
	if info.GetCloseTime() != nil {
		fact.ClosedAt = info.GetCloseTime().AsTime()
	}
	fact.NeedsAttention = flagged(info)
	fact.TaskFailures = failures(d)
	return fact, nil
}

func state(s enumspb.WorkflowExecutionStatus) activities.SagaState {
	switch s {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return activities.SagaRunning
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return activities.SagaCompleted
	default:
		return activities.SagaStopped
	}
}

// flagged says whether the saga itself says that it needs attention.
func flagged(info *workflowpb.WorkflowExecutionInfo) (flag bool) {
	payload := info.GetSearchAttributes().GetIndexedFields()[workflows.AttributeNeedsAttention]
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &flag) != nil {
		return false
	}
	return flag
}

// failures is how often the workflow task has failed in a row.
func failures(d *workflowservice.DescribeWorkflowExecutionResponse) int {
	return max(0, int(d.GetPendingWorkflowTask().GetAttempt())-1)
}

// Resume implements [activities.Sagas].
func (s *Sagas) Resume(ctx context.Context, r order.Record) error {
	_, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:        workflows.WorkflowID(r.ID),
		TaskQueue: s.queue,
		// The run before it has ended without a decision, or its undo was not enough.
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		// If one runs after all, it is the one that decides.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "resumed by the doctor",
	}, workflows.PlaceOrder, workflows.Input{OrderID: r.ID, Placement: r.Placement, Undo: true})
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// unavailable is an error of the engine as an audit may show it.
func unavailable(err error) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "the engine does not answer: %w", err)
}
