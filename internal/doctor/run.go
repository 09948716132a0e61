package doctor

import (
	"context"
	"errors"
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
// another caller's run is open, Run waits for that one instead, whatever its input. Its error
// is an [UntakenError] if no worker takes the run on.
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
	if err := await(ctx, c, run, &r); err != nil {
		return r, fmt.Errorf("the doctor: %w", err)
	}
	return r, nil
}

// UntakenError is the error of a run that no worker takes on.
type UntakenError struct {
	Queue string
	For   time.Duration // for which its task has waited
	Begun bool          // it has begun, and goes on when a worker comes
}

// Error implements error.
func (e UntakenError) Error() string {
	return fmt.Sprintf("no worker of the order service answers: none has taken a task from queue %q for %s; start one, or look at why all are busy", e.Queue, e.For)
}

const (
	// untaken is how long a task of a run may wait for a worker.
	untaken = 8 * time.Second
	// lookEvery is the time between two looks at it.
	lookEvery = time.Second
)

// begun is the length of a history from which on its run has begun: behind its start and its
// first task.
const begun = 3

// await waits for the report of a run for as long as workers take its tasks. A run that has not
// begun is ended: it has found nothing, and must not begin when its caller is gone. One that
// has may be another caller's, or the schedule's.
func await(ctx context.Context, c client.Client, run client.WorkflowRun, r *doctor.Report) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		if err := untakenBy(ctx, c, run.GetID()); err != nil {
			cancel(err)
		}
	}()
	err := run.Get(ctx, r)
	if why, gone := errors.AsType[UntakenError](context.Cause(ctx)); gone {
		if !why.Begun {
			_ = c.TerminateWorkflow(context.WithoutCancel(ctx), run.GetID(), run.GetRunID(), why.Error()) // if it fails, the run times out
		}
		err = why
	}
	cancel(nil)
	<-watching
	return err //nolint:wrapcheck // Run says of what
}

// untakenBy returns an [UntakenError] once a task of a workflow has waited for too long, nil
// if ctx ends before. An engine that does not answer says nothing about workers.
func untakenBy(ctx context.Context, c client.Client, id string) error {
	var since time.Time // by this host's clock
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		d, err := c.DescribeWorkflowExecution(ctx, id, "")
		switch waits := d.GetPendingWorkflowTask().GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED; {
		case err != nil:
		case !waits:
			since = time.Time{}
		case since.IsZero():
			since = time.Now() //nolint:forbidigo // only for a duration on this host
		case time.Since(since) >= untaken-lookEvery: //nolint:forbidigo // as above
			info := d.GetWorkflowExecutionInfo()
			return UntakenError{info.GetTaskQueue(), untaken, info.GetHistoryLength() >= begun}
		}
	}
}
