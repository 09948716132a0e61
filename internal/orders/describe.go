package orders

import (
	"context"
	"errors"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// describe returns the engine's own knowledge of an order, without any worker: of a
// decided order the workflow's result, of another one its status and times from
// the workflow's description, and the placement from its input, if that can be
// read in time.
func (c *Client) describe(ctx context.Context, id string) (Snapshot, error) {
	d, err := c.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return Snapshot{}, fmt.Errorf("describe the order's workflow: %w", err)
	}
	c.alive()
	info := d.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		if decided, ok := c.Await(ctx, id); ok {
			decided.Source = FromEngine
			if decided.NeedsAttention {
				c.addAcknowledged(ctx, &decided.OrderView)
			}
			return decided, nil
		}
	}
	found := Snapshot{Source: FromEngine}
	found.ID = id
	found.Status = workflows.Status(attribute[string](info, workflows.AttributeOrderStatus))
	if found.Status == "" {
		found.Status = workflows.StatusPending
	}
	found.NeedsAttention = attribute[bool](info, workflows.AttributeNeedsAttention)
	found.CreatedAt = info.GetStartTime().AsTime()
	found.UpdatedAt = found.CreatedAt
	if closed := info.GetCloseTime(); closed != nil {
		found.UpdatedAt = closed.AsTime()
	}
	flagStopped(&found.OrderView, info)

	if input, err := c.input(ctx, id); err == nil {
		found.CustomerID, found.Currency = input.Placement.CustomerID, input.Placement.Currency
		for _, l := range input.Placement.Lines {
			found.Lines = append(found.Lines, workflows.LineView{SKU: l.SKU, Quantity: l.Quantity})
		}
	}
	return found, nil
}

// input returns the input of the order's workflow, from the first event of its
// history.
func (c *Client) input(ctx context.Context, id string) (workflows.Input, error) {
	var input workflows.Input
	history := c.temporal.GetWorkflowHistory(ctx, workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return input, errors.New("the order's workflow has no history")
	}
	first, err := history.Next()
	if err != nil {
		return input, fmt.Errorf("read the order's history: %w", err)
	}
	c.alive()
	payloads := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := c.config.DataConverter.FromPayloads(payloads, &input); err != nil {
		return input, fmt.Errorf("read the order's input: %w", err)
	}
	if input.Placement.Fingerprint == "" {
		return input, errors.New("the order's input has no fingerprint")
	}
	return input, nil
}

// observe adds to a workflow's own answer what only the engine knows: the attempts
// that run right now, how the last one failed, and whether the workflow was stopped
// before it decided. Without an answer it adds nothing.
func (c *Client) observe(ctx context.Context, view *workflows.OrderView) {
	d, err := c.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(view.ID), "")
	if err != nil {
		return
	}
	flagStopped(view, d.GetWorkflowExecutionInfo())
	for _, pending := range d.GetPendingActivities() {
		for i := range view.Steps {
			step := &view.Steps[i]
			if !belongs(pending, step.Name) {
				continue
			}
			step.Attempts = max(step.Attempts, int(pending.GetAttempt()))
			if code := pending.GetLastFailure().GetApplicationFailureInfo().GetType(); code != "" {
				step.Error = fault.Code(code)
			} else if pending.GetLastFailure().GetTimeoutFailureInfo() != nil {
				step.Error = fault.Timeout
			}
		}
	}
}

// belongs reports whether an activity is a step's do, undo or settle: their names
// are the step's, the latter two with a suffix.
func belongs(pending *workflowpb.PendingActivityInfo, step string) bool {
	rest, ok := strings.CutPrefix(pending.GetActivityType().GetName(), step)
	return ok && (rest == "" || rest == ".undo" || rest == ".settle")
}

// flagStopped flags an undecided order whose workflow was terminated, failed, timed
// out or was cancelled: no process works on it any more.
func flagStopped(view *workflows.OrderView, info *workflowpb.WorkflowExecutionInfo) {
	if view.Status != workflows.StatusPending {
		return
	}
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
	default:
		return
	}
	view.NeedsAttention = true
	view.Attention = append(view.Attention, saga.Attention{
		Step: "saga", Code: "SAGA_" + fault.Code(strings.ToUpper(info.GetStatus().String())), Kind: fault.Bug,
		Since: info.GetCloseTime().AsTime(), Owed: "whatever its steps hold",
	})
}
