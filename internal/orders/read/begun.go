package read

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/workflows"
)

// NeverBegan reports whether the order's newest run was stopped before any step but the
// first, which records the order, so that the order has no effects at any service. It is
// false for a run that is open or has decided, and for one that may continue an earlier
// one, by a reset or because the doctor has resumed it.
//
// The history is the proof: the workflow schedules its next step in the same workflow
// task that brings the success of the first, and the engine stores a task's commands
// together. An order whose record was written by an attempt that nobody heard of has
// never begun either; its next run gets that record.
func (r *Reader) NeverBegan(ctx context.Context, id string) (bool, error) {
	d, err := r.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return false, fmt.Errorf("describe the order's workflow: %w", err)
	}
	info := d.GetWorkflowExecutionInfo()
	if !stopped(info.GetStatus()) {
		return false, nil
	}
	run := info.GetExecution().GetRunId()
	history := r.engine.GetWorkflowHistory(ctx, workflows.WorkflowID(id), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return false, fmt.Errorf("read the order's history: %w", err)
		}
		if r.hasBegun(event) {
			return false, nil
		}
	}
	return true, nil
}

// hasBegun reports whether an event shows that the saga, or an earlier run of it, came
// further than its first step.
func (r *Reader) hasBegun(event *historypb.HistoryEvent) bool {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		started := event.GetWorkflowExecutionStartedEventAttributes()
		var input workflows.Input
		return started.GetContinuedExecutionRunId() != "" ||
			r.converter.FromPayloads(started.GetInput(), &input) == nil && input.Undo
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
		return event.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		return event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() != activities.CreateOrder.Name
	default:
		return false
	}
}
