package api

import (
	"context"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// describe returns what the engine knows of an order without any worker. Of a
// decided one that is the workflow's result; of another its status and times from
// the workflow's description, and what was asked for from its input, if that can
// be read in time.
func (o *orders) describe(ctx context.Context, id string) (snapshot, error) {
	d, err := o.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return snapshot{}, fmt.Errorf("describe the order's workflow: %w", err)
	}
	o.alive()
	info := d.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		if decided, ok := o.await(ctx, id); ok {
			decided.source = SourceEngine
			return decided, nil
		}
	}
	found := snapshot{source: SourceEngine}
	found.ID = id
	found.Status = workflows.Status(keyword(info.GetSearchAttributes(), workflows.AttributeOrderStatus))
	if found.Status == "" {
		found.Status = workflows.StatusPending
	}
	found.NeedsAttention = flag(info.GetSearchAttributes(), workflows.AttributeNeedsAttention)
	found.CreatedAt = info.GetStartTime().AsTime()
	found.UpdatedAt = found.CreatedAt
	if closed := info.GetCloseTime(); closed != nil {
		found.UpdatedAt = closed.AsTime()
	}
	flagStopped(&found, info)

	if input, err := o.input(ctx, id); err == nil {
		found.CustomerID, found.Currency = input.Placement.CustomerID, input.Placement.Currency
		for _, l := range input.Placement.Lines {
			found.Lines = append(found.Lines, workflows.LineView{SKU: l.SKU, Quantity: l.Quantity})
		}
	}
	return found, nil
}

// enrich adds to a workflow's own answer what only the engine knows: the
// attempts that run right now and how the last one failed, and whether somebody
// stopped the workflow before it decided. Without an answer nothing is added.
func (o *orders) enrich(ctx context.Context, found *snapshot) {
	d, err := o.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(found.ID), "")
	if err != nil {
		return
	}
	flagStopped(found, d.GetWorkflowExecutionInfo())
	for _, pending := range d.GetPendingActivities() {
		for i := range found.Steps {
			if belongs(pending, found.Steps[i].Name) {
				found.Steps[i].Attempts = max(found.Steps[i].Attempts, int(pending.GetAttempt()))
				if code := pending.GetLastFailure().GetApplicationFailureInfo().GetType(); code != "" {
					found.Steps[i].Error = fault.Code(code)
				} else if pending.GetLastFailure().GetTimeoutFailureInfo() != nil {
					found.Steps[i].Error = fault.Timeout
				}
			}
		}
	}
}

// belongs says whether an activity is a step's do, undo or settle: their names
// are the step's, the latter two with a suffix.
func belongs(pending *workflowpb.PendingActivityInfo, step string) bool {
	rest, ok := strings.CutPrefix(pending.GetActivityType().GetName(), step)
	return ok && (rest == "" || rest == ".undo" || rest == ".settle")
}

// flagStopped flags an order that nothing works on any more although it is not
// decided: its workflow was terminated, or worse.
func flagStopped(found *snapshot, info *workflowpb.WorkflowExecutionInfo) {
	if found.decided() {
		return
	}
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
	default:
		return
	}
	found.NeedsAttention = true
	found.Attention = append(found.Attention, saga.Attention{
		Step: "saga", Code: "SAGA_" + fault.Code(strings.ToUpper(info.GetStatus().String())),
		Since: info.GetCloseTime().AsTime(), Owed: "whatever its steps hold",
	})
}

// input returns what the order's workflow was started with, from the first event
// of its history.
func (o *orders) input(ctx context.Context, id string) (workflows.Input, error) {
	var input workflows.Input
	history := o.temporal.GetWorkflowHistory(ctx, workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return input, errors.New("the order's workflow has no history")
	}
	first, err := history.Next()
	if err != nil {
		return input, fmt.Errorf("read the order's history: %w", err)
	}
	o.alive()
	payloads := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := o.data.FromPayloads(payloads, &input); err != nil {
		return input, fmt.Errorf("read the order's input: %w", err)
	}
	if input.Placement.Fingerprint == "" {
		return input, errors.New("the order's input has no fingerprint")
	}
	return input, nil
}

// Search attributes are always encoded by the default converter: the engine
// itself reads them.

func keyword(attributes *commonpb.SearchAttributes, name string) string {
	var s string
	if payload := attributes.GetIndexedFields()[name]; payload != nil {
		if err := converter.GetDefaultDataConverter().FromPayload(payload, &s); err != nil {
			return ""
		}
	}
	return s
}

func flag(attributes *commonpb.SearchAttributes, name string) bool {
	var b bool
	if payload := attributes.GetIndexedFields()[name]; payload != nil {
		if err := converter.GetDefaultDataConverter().FromPayload(payload, &b); err != nil {
			return false
		}
	}
	return b
}
