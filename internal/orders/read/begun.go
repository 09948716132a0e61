package read

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/workflows"
)

// Extent is how far an order's newest run has come, as far as the engine knows.
type Extent int

// The extents.
const (
	// Begun: further than the first step, which records the order; or it is open or has
	// decided; or it may continue an earlier one, by a reset or because the doctor has
	// resumed it.
	Begun Extent = iota
	// NeverBegan: it was stopped before any other step, so that the order has no effects
	// at any service.
	NeverBegan
	// Lost: its history shows no other step either, but has lost a workflow task of an
	// express run. If the order has no record after the run was stopped, it never began.
	Lost
)

// Extent returns how far the order's newest run has come.
//
// The history is the proof: the workflow schedules its next step in the same workflow
// task that brings the success of the first, and the engine stores a task's commands
// together. An express run takes steps while a task runs, and the history has nothing of
// a task that was lost; but the record comes before any other step. An order whose record
// was written by an attempt that nobody heard of has never begun either; its next run
// gets that record.
func (r *Reader) Extent(ctx context.Context, id string) (Extent, error) {
	d, err := r.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return Begun, fmt.Errorf("describe the order's workflow: %w", err)
	}
	info := d.GetWorkflowExecutionInfo()
	if !stopped(info.GetStatus()) {
		return Begun, nil
	}
	run := info.GetExecution().GetRunId()
	history := r.engine.GetWorkflowHistory(ctx, workflows.WorkflowID(id), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var seen events
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return Begun, fmt.Errorf("read the order's history: %w", err)
		}
		if r.hasBegun(&seen, event) {
			return Begun, nil
		}
	}
	if seen.lost || seen.express && seen.running {
		return Lost, nil
	}
	return NeverBegan, nil
}

// events are the facts that a history has shown so far.
type events struct {
	express bool // the run takes steps within its workflow tasks
	running bool // a workflow task was started and has not completed
	lost    bool // an express one did not complete
}

// hasBegun reports whether an event shows that the saga, or an earlier run of it, came
// further than its first step.
func (r *Reader) hasBegun(seen *events, event *historypb.HistoryEvent) bool {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		started := event.GetWorkflowExecutionStartedEventAttributes()
		var input workflows.Input
		readable := r.converter.FromPayloads(started.GetInput(), &input) == nil
		seen.express = len(input.Express) > 0
		return started.GetContinuedExecutionRunId() != "" || readable && input.Undo
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
		seen.lost = seen.lost || seen.express && seen.running
		seen.running = true
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
		seen.running = false
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
		seen.lost = seen.lost || seen.express && seen.running
		seen.running = false
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
		seen.lost = seen.lost || seen.express
		seen.running = false
		return event.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
	case enumspb.EVENT_TYPE_MARKER_RECORDED: // a success of the first step, and so a try of the next one
		return seen.express && event.GetMarkerRecordedEventAttributes().GetFailure() == nil
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		return event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() != activities.CreateOrder.Name
	default:
	}
	return false
}
