package doctor

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"

	"github.com/amends/amends/workflows/doctor"
)

// TestAnUntakenRunIsEndedOnlyIfItHasNotBegun: a run that a caller joins may be the schedule's,
// whose worker restarts.
func TestAnUntakenRunIsEndedOnlyIfItHasNotBegun(t *testing.T) {
	t.Parallel()
	for length, ended := range map[int64]int{2: 1, 3: 0, 40: 0} {
		synctest.Test(t, func(t *testing.T) {
			run, c := mocks.NewWorkflowRun(t), &mocks.Client{}
			run.On("GetID").Return("amends-doctor")
			run.On("GetRunID").Return("r").Maybe()
			run.On("Get", mock.Anything, mock.Anything).Return(func(ctx context.Context, _ any) error {
				<-ctx.Done()
				return ctx.Err()
			})
			c.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(run, nil)
			c.On("DescribeWorkflowExecution", mock.Anything, "amends-doctor", "").Return(&workflowservice.DescribeWorkflowExecutionResponse{
				WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{TaskQueue: "amends-order", HistoryLength: length},
				PendingWorkflowTask:   &workflowpb.PendingWorkflowTaskInfo{State: enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED},
			}, nil)
			c.On("TerminateWorkflow", mock.Anything, "amends-doctor", "r", mock.Anything).Return(nil)

			_, err := Run(t.Context(), c, "amends-order", doctor.Input{})
			var untakenErr UntakenError
			require.ErrorAs(t, err, &untakenErr)
			require.Equal(t, ended == 0, untakenErr.Begun)
			c.AssertNumberOfCalls(t, "TerminateWorkflow", ended)
		})
	}
}
