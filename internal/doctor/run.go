package doctor

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/workflows/doctor"
)

// runTime returns the timeout of one run of the workflow: an hour for its few pages,
// and the time that it sleeps to keep to its rate. A saga must never have such a
// limit, because a timeout skips the undo. The doctor has nothing to undo, and a run
// that no longer replays must not keep the schedule from starting the next.
func runTime(in doctor.Input) time.Duration {
	return time.Hour + in.Waits()
}

// Run starts the doctor on the order service's queue and returns its report. If
// another caller's run is open, Run waits for that one instead, whatever its input.
func Run(ctx context.Context, c client.Client, queue string, in doctor.Input) (r doctor.Report, err error) {
	watched, attempts := attempt.Watch(ctx)
	run, err := c.ExecuteWorkflow(watched, client.StartWorkflowOptions{
		ID:                       named(doctor.WorkflowID, queue),
		TaskQueue:                queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowRunTimeout:       runTime(in),
		StaticSummary:            summary,
	}, doctor.Reconcile, in)
	switch {
	case err != nil && attempts.Harmless():
		return r, fmt.Errorf("start the doctor: %w", err)
	case err != nil:
		return r, fmt.Errorf("start the doctor: it is not known whether it has started; a repeat waits for that run: %w", err)
	}
	if err := run.Get(ctx, &r); err != nil {
		return r, fmt.Errorf("the doctor: %w", err)
	}
	return r, nil
}
