package symptom

import enumspb "go.temporal.io/api/enums/v1"

// ends explains how a workflow ended that should still run.
var ends = map[enumspb.WorkflowExecutionStatus]string{
	enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED: "its workflow was terminated: nothing works on it, and nothing was undone",
	enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:   "its workflow ended as canceled: nothing works on it",
	enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:     "its workflow has failed: nothing works on it",
	enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:  "its workflow was given a timeout, which has passed: nothing works on it",
	enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:  "its workflow has decided it, but its record is undecided: a database that was restored",
}

// taskFailures explain why a workflow task fails.
var taskFailures = map[enumspb.WorkflowTaskFailedCause]string{
	enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR:           "its history does not fit the workflow code that the workers have",
	enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE: "the workflow code panics, or a worker on its queue does not have it",
}
