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
	"go.temporal.io/sdk/temporal"

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
	fact.NeedsAttention = attribute[bool](info, workflows.AttributeNeedsAttention)
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

// attribute is a search attribute of a run, or nothing.
func attribute[T any](info *workflowpb.WorkflowExecutionInfo, name string) (value T) {
	var nothing T
	payload := info.GetSearchAttributes().GetIndexedFields()[name]
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &value) != nil {
		return nothing
	}
	return value
}

// failures is how often the workflow task has failed in a row.
func failures(d *workflowservice.DescribeWorkflowExecutionResponse) int {
	return max(0, int(d.GetPendingWorkflowTask().GetAttempt())-1)
}

// Resume implements [activities.Sagas].
func (s *Sagas) Resume(ctx context.Context, r order.Record) error {
	attributes, err := s.attributes(ctx, r)
	if err != nil {
		return err
	}
	_, err = s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:        workflows.WorkflowID(r.ID),
		TaskQueue: s.queue,
		// The run before it has ended without a decision, or its undo was not enough.
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		// If one runs after all, it is the one that decides.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    attributes,
		StaticSummary:            "resumed by the doctor",
	}, workflows.PlaceOrder, workflows.TakeUp(r))
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// attributes are those by which people find an order's runs. The customer's is a
// digest that whoever placed the order has made: the run before this one has it,
// unless the engine has forgotten that run.
func (s *Sagas) attributes(ctx context.Context, r order.Record) (temporal.SearchAttributes, error) {
	all := []temporal.SearchAttributeUpdate{
		temporal.NewSearchAttributeKeyKeyword(workflows.AttributeOrderStatus).ValueSet(string(r.Status)),
	}
	before, err := s.client.DescribeWorkflowExecution(ctx, workflows.WorkflowID(r.ID), "")
	var missing *serviceerror.NotFound
	if err != nil && !errors.As(err, &missing) {
		return temporal.SearchAttributes{}, unavailable(err)
	}
	if customer := attribute[string](before.GetWorkflowExecutionInfo(), workflows.AttributeCustomer); customer != "" {
		all = append(all, temporal.NewSearchAttributeKeyKeyword(workflows.AttributeCustomer).ValueSet(customer))
	}
	return temporal.NewSearchAttributes(all...), nil
}

// unavailable is an error of the engine as an audit may show it.
func unavailable(err error) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "the engine does not answer: %w", err)
}
