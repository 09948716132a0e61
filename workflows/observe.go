package workflows

import (
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// Observe adds to a workflow's own answer what only the engine knows: the
// attempts that run right now and how the last one failed, and whether somebody
// stopped the workflow before it decided. It is for those who ask, outside of
// workflow code.
func (v *OrderView) Observe(d *workflowservice.DescribeWorkflowExecutionResponse) {
	v.FlagStopped(d.GetWorkflowExecutionInfo())
	for _, pending := range d.GetPendingActivities() {
		for i := range v.Steps {
			if belongs(pending, v.Steps[i].Name) {
				v.Steps[i].Attempts = max(v.Steps[i].Attempts, int(pending.GetAttempt()))
				if code := pending.GetLastFailure().GetApplicationFailureInfo().GetType(); code != "" {
					v.Steps[i].Error = fault.Code(code)
				} else if pending.GetLastFailure().GetTimeoutFailureInfo() != nil {
					v.Steps[i].Error = fault.Timeout
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

// FlagStopped flags an order that nothing works on any more although it is not
// decided: its workflow was terminated, or worse.
func (v *OrderView) FlagStopped(info *workflowpb.WorkflowExecutionInfo) {
	if v.Status != StatusPending {
		return
	}
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
	default:
		return
	}
	v.NeedsAttention = true
	v.Attention = append(v.Attention, saga.Attention{
		Step: "saga", Code: "SAGA_" + fault.Code(strings.ToUpper(info.GetStatus().String())), Kind: fault.Bug,
		Since: info.GetCloseTime().AsTime(), Owed: "whatever its steps hold",
	})
}
