// Package sagas gives the doctor access to the sagas of orders at the engine: it
// describes how far a saga is, and resumes one that was stopped.
package sagas

import (
	"context"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// Sagas describes and resumes orders' sagas for the doctor. It implements
// [activities.Sagas] on an engine.
type Sagas struct {
	client   client.Client
	payloads converter.DataConverter // of the client
	queue    string                  // of the order service
	summary  string                  // of a run that is started, for the engine's Web UI
	by       *saga.Repair            // the request of an operator; nil: it is the doctor who resumes
}

var _ activities.Sagas = (*Sagas)(nil)

// New returns the sagas that the workers of a task queue run; payloads is the converter of
// the client.
func New(c client.Client, payloads converter.DataConverter, queue string) *Sagas {
	return &Sagas{client: c, payloads: payloads, queue: queue, summary: "resumed by the doctor"}
}

// By returns s on behalf of an operator. Their request is shown with the orders that it resumes,
// and the summary in the engine's Web UI.
func (s Sagas) By(q saga.Repair, summary string) *Sagas {
	s.by, s.summary = &q, summary
	return &s
}

// Describe implements [activities.Sagas].
func (s *Sagas) Describe(ctx context.Context, orderID string) (activities.SagaFact, error) {
	return s.describe(ctx, orderID, workflows.WorkflowID(orderID))
}

// DescribeRefund implements [activities.Sagas].
func (s *Sagas) DescribeRefund(ctx context.Context, refundID string) (activities.SagaFact, error) {
	return s.describe(ctx, refundID, repay.WorkflowID(refundID))
}

func (s *Sagas) describe(ctx context.Context, id, workflowID string) (activities.SagaFact, error) {
	fact := activities.SagaFact{Order: id, State: activities.SagaMissing}
	d, err := s.client.DescribeWorkflowExecution(ctx, workflowID, "")
	switch {
	case call.IsUnknownWorkflow(err):
		return fact, nil
	case err != nil:
		return fact, noAnswer(err)
	}
	info := d.GetWorkflowExecutionInfo()
	fact.State, fact.How = state(info.GetStatus()), strings.ToLower(info.GetStatus().String())
	if info.GetCloseTime() != nil {
		fact.ClosedAt = info.GetCloseTime().AsTime()
	}
	fact.NeedsAttention = attribute.Of[bool](info, workflows.AttributeNeedsAttention)
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

// failures counts how often the workflow task has failed in a row.
func failures(d *workflowservice.DescribeWorkflowExecutionResponse) int {
	return max(0, int(d.GetPendingWorkflowTask().GetAttempt())-1)
}

// Resume implements [activities.Sagas].
func (s *Sagas) Resume(ctx context.Context, r order.Record) error {
	attributes, err := s.attributes(ctx, r)
	if err != nil {
		return err
	}
	in := workflows.Resume(r)
	in.Resumed = s.by
	return s.start(ctx, client.StartWorkflowOptions{ID: workflows.WorkflowID(r.ID), TypedSearchAttributes: attributes}, workflows.PlaceOrder, in)
}

// ResumeRefund implements [activities.Sagas].
func (s *Sagas) ResumeRefund(ctx context.Context, f order.Refund) error {
	return s.start(ctx, client.StartWorkflowOptions{ID: repay.WorkflowID(f.ID)}, repay.RefundOrder, repay.Resume(f))
}

// start starts a saga again, unless it runs.
func (s *Sagas) start(ctx context.Context, o client.StartWorkflowOptions, name string, in any) error {
	o.TaskQueue, o.StaticSummary = s.queue, s.summary
	// The run before it has ended without a decision, or its undo was not enough.
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	// If one runs after all, it is the one that decides.
	o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	watched, attempts := attempt.Watch(ctx)
	_, err := s.client.ExecuteWorkflow(watched, o, name, in)
	switch {
	case err == nil:
		return nil
	case attempts.Harmless():
		return noAnswer(err)
	default:
		return fault.Errorf(fault.Transient, fault.Unavailable, "it is not known whether the saga was resumed: %w", err)
	}
}

// attributes returns the search attributes of the order's next run. The customer's
// is a digest that was made when the order was placed: the run before has it, unless
// the engine has forgotten that run.
func (s *Sagas) attributes(ctx context.Context, r order.Record) (temporal.SearchAttributes, error) {
	all := []temporal.SearchAttributeUpdate{
		workflows.AttributeOrderStatus.ValueSet(string(r.Status)),
	}
	before, err := s.client.DescribeWorkflowExecution(ctx, workflows.WorkflowID(r.ID), "")
	if err != nil && !call.IsUnknownWorkflow(err) {
		return temporal.SearchAttributes{}, noAnswer(err)
	}
	if customer := attribute.Of[string](before.GetWorkflowExecutionInfo(), workflows.AttributeCustomer); customer != "" {
		all = append(all, workflows.AttributeCustomer.ValueSet(customer))
	}
	return temporal.NewSearchAttributes(all...), nil
}

// Request implements [activities.Requests]: it reads the first event of the newest run,
// which a reset copies. The times are the workflow's own.
func (s *Sagas) Request(ctx context.Context, orderID string) (order.Placement, error) {
	history := s.client.GetWorkflowHistory(ctx, workflows.WorkflowID(orderID), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := history.Next()
	if err != nil {
		return order.Placement{}, noAnswer(err)
	}
	var in workflows.Input
	input := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := s.payloads.FromPayloads(input, &in); err != nil {
		return order.Placement{}, fault.Errorf(fault.Bug, fault.Internal, "read the input of the order's saga: %w", err)
	}
	return in.OnEngineClock(first.GetEventTime().AsTime()).Placement, nil
}

// noAnswer returns an UNAVAILABLE fault that shows its cause: the doctor's report is
// for operators.
func noAnswer(err error) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "the engine does not answer: %w", err)
}
