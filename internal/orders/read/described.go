package read

import (
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// describedView returns the status and the times of an order, as the description of its
// workflow has them. It has neither lines nor steps.
func describedView(id string, info *workflowpb.WorkflowExecutionInfo) workflows.OrderView {
	view := workflows.OrderView{ID: id}
	view.Status = workflows.Status(attribute.Of[string](info, workflows.AttributeOrderStatus))
	if view.Status == "" {
		view.Status = workflows.StatusPending
	}
	view.NeedsAttention = attribute.Of[bool](info, workflows.AttributeNeedsAttention)
	view.CreatedAt = info.GetStartTime().AsTime()
	view.UpdatedAt = view.CreatedAt
	if closed := info.GetCloseTime(); closed != nil {
		view.UpdatedAt = closed.AsTime()
	}
	flagStopped(&view, info)
	return view
}

// completeView adds to a workflow's own answer the facts that only the engine knows: the
// attempts that run right now, how the last one failed, and whether the workflow was
// stopped before it decided.
func completeView(view *workflows.OrderView, d *workflowservice.DescribeWorkflowExecutionResponse) {
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

// stopped reports whether a workflow has ended without a decision.
func stopped(s enumspb.WorkflowExecutionStatus) bool {
	switch s {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return true
	default:
		return false
	}
}

// stoppedStep is the step that the flag of a stopped saga names, as all steps are.
const stoppedStep = "saga"

// flagStopped flags an undecided order whose workflow was terminated, failed, timed
// out or was cancelled: no process works on it any more.
func flagStopped(view *workflows.OrderView, info *workflowpb.WorkflowExecutionInfo) {
	if view.Status != workflows.StatusPending {
		return
	}
	if !stopped(info.GetStatus()) {
		return
	}
	flag(view, fault.Bug, fault.Code(strings.ToUpper(info.GetStatus().String())), info.GetCloseTime().AsTime())
}

// flag adds the flag of an order that no saga works on any more.
func flag(view *workflows.OrderView, kind fault.Kind, how fault.Code, since time.Time) {
	view.NeedsAttention = true
	view.Attention = append(view.Attention, saga.Attention{
		Step: stoppedStep, Code: "SAGA_" + how, Kind: kind, Since: since, Owed: "whatever its steps hold",
	})
}
