package doctor

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/workflows/doctor"
)

// runTime bounds one run of the workflow, which is a few pages, beside what its rate
// makes it wait. A saga must never have such a limit, because it skips the undo;
// the doctor has none, and a run that cannot go on, because its code was changed
// under it, must not keep the schedule from starting the next.
func runTime(in doctor.Input) time.Duration {
	return time.Hour + in.Waits()
}

// Run has the doctor look now and returns its report. A run that somebody else
// has asked for is waited for instead, whatever its input is.
func Run(ctx context.Context, c client.Client, queue string, in doctor.Input) (r doctor.Report, err error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       doctor.WorkflowID,
		TaskQueue:                queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowRunTimeout:       runTime(in),
		StaticSummary:            "compare what everybody has",
	}, doctor.Reconcile, in)
	if err != nil {
		return r, fmt.Errorf("start the doctor: %w", err)
	}
	if err := run.Get(ctx, &r); err != nil {
		return r, fmt.Errorf("the doctor: %w", err)
	}
	return r, nil
}
