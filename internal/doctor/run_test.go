package doctor

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/workflows/doctor"
)

// engine has one run, whose task waits for a worker.
type engine struct {
	client.Client

	length int64 // of its history
	ended  int   // how often it was terminated
}

type run struct{ client.WorkflowRun }

func (run) GetID() string    { return "amends-doctor" }
func (run) GetRunID() string { return "r" }
func (run) Get(ctx context.Context, _ any) error {
	<-ctx.Done()
	return ctx.Err()
}

func (e *engine) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return run{}, nil
}

func (e *engine) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{TaskQueue: "amends-order", HistoryLength: e.length},
		PendingWorkflowTask:   &workflowpb.PendingWorkflowTaskInfo{State: enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED},
	}, nil
}

func (e *engine) TerminateWorkflow(_ context.Context, _, id, _ string, _ ...any) error {
	if id == "r" { // no later run
		e.ended++
	}
	return nil
}

// TestAnUntakenRunIsEndedOnlyIfItHasNotBegun: a run that a caller joins may be the schedule's,
// whose worker restarts.
func TestAnUntakenRunIsEndedOnlyIfItHasNotBegun(t *testing.T) {
	t.Parallel()
	for length, ended := range map[int64]int{2: 1, 3: 0, 40: 0} {
		synctest.Test(t, func(t *testing.T) {
			e := &engine{length: length}
			_, err := Run(t.Context(), e, "amends-order", doctor.Input{})
			var untakenErr UntakenError
			require.ErrorAs(t, err, &untakenErr)
			require.Equal(t, ended == 0, untakenErr.Begun)
			require.Equal(t, ended, e.ended)
		})
	}
}
