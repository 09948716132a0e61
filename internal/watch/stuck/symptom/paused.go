package symptom

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// isPaused reports whether a workflow as a whole is paused.
func isPaused(d *workflowservice.DescribeWorkflowExecutionResponse) bool {
	return d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// paused returns the symptoms of a workflow and of its steps that an operator has
// paused. A step whose attempt is under way is not among them: it may still succeed.
func paused(d *workflowservice.DescribeWorkflowExecutionResponse) (found []Symptom) {
	if isPaused(d) {
		info := d.GetWorkflowExtendedInfo().GetPauseInfo()
		found = append(found, Symptom{Paused, "its workflow is paused" + by(info.GetIdentity(), info.GetReason()), info.GetPausedTime().AsTime()})
	}
	for _, a := range d.GetPendingActivities() {
		if a.GetState() != enumspb.PENDING_ACTIVITY_STATE_PAUSED {
			continue
		}
		info := a.GetPauseInfo()
		words := a.GetActivityType().GetName() + " is paused" + by(info.GetManual().GetIdentity(), info.GetManual().GetReason())
		found = append(found, Symptom{Paused, words, info.GetPauseTime().AsTime()})
	}
	return found
}

// by says who has paused something, and why, as far as the engine knows.
func by(identity, reason string) (words string) {
	if identity != "" {
		words += " by " + identity
	}
	if reason != "" {
		words += fmt.Sprintf(" (%s)", reason)
	}
	return words
}
