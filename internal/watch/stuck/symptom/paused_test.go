package symptom

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Engines from 1.30 on can pause a workflow, whose status is another one then. The dev
// server is older, so this test has its answer.
func TestAPausedWorkflowHasOneSymptom(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	found, err := New(Config{Now: since.Add(time.Hour)}).running(t.Context(), &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED},
		WorkflowExtendedInfo: &workflowpb.WorkflowExecutionExtendedInfo{PauseInfo: &workflowpb.WorkflowExecutionPauseInfo{
			Identity: "night", Reason: "the catalog moves", PausedTime: timestamppb.New(since),
		}},
		PendingWorkflowTask: &workflowpb.PendingWorkflowTaskInfo{
			State: enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED, ScheduledTime: timestamppb.New(since),
		},
	})
	require.NoError(t, err)
	require.Equal(t, []Symptom{{Paused, "its workflow is paused by night (the catalog moves)", since}}, found,
		"no task of it is handed out, so it is not short of workers")
}
