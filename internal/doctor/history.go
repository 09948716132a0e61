package doctor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/workflows/doctor"
)

// Entry is a run of the doctor that the engine still has.
type Entry struct {
	// ID is that of the run at the engine.
	ID string
	// Scheduled reports whether the schedule has started it, and no caller of [Run].
	Scheduled bool
	// State is the engine's word for it: running, completed, failed, canceled, terminated or
	// timed_out.
	State string
	// Started is when it began. Of one that has no report and went on in further runs, it is when
	// the last of these began.
	Started time.Time
	Ended   time.Time // zero while it goes on
	// Report is nil unless it is completed.
	Report *doctor.Report
}

// atOnce is the number of reports that are read at a time.
const atOnce = 5

// History lists the runs of the doctor of an order service's queue, at most limit of them, from
// a cursor on: those that go on, then those that have ended, the last first. next is the cursor of
// the next page, nil on the last one. It reads the report of each: the engine keeps them, for as
// long as its retention says.
func History(ctx context.Context, c client.Client, queue string, cursor []byte, limit int) (runs []Entry, next []byte, err error) {
	page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: filter(queue), PageSize: int32(limit), NextPageToken: cursor, //nolint:gosec // at most 100
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list the runs of the doctor: %w", err)
	}
	runs = make([]Entry, len(page.GetExecutions()))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(atOnce)
	for i, w := range page.GetExecutions() {
		reads.Go(func() (err error) {
			runs[i], err = entry(ctx, c, queue, w)
			return err
		})
	}
	return runs, page.GetNextPageToken(), reads.Wait() //nolint:wrapcheck // it names the run
}

// filter finds the runs of a queue: of those that one continues, the last.
func filter(queue string) string {
	return fmt.Sprintf("WorkflowType = '%s' AND TaskQueue = '%s' AND ExecutionStatus != 'ContinuedAsNew'", doctor.Reconcile, queue)
}

// runID matches the id of a run, which becomes a part of a filter.
var runID = regexp.MustCompile(`^[0-9a-fA-F-]{36}$`)

// Find returns a run of [History] by its id. One that is unknown, forgotten or of another
// workflow is not found.
func Find(ctx context.Context, c client.Client, queue, id string) (e Entry, found bool, err error) {
	if !runID.MatchString(id) {
		return e, false, nil
	}
	page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: filter(queue) + " AND RunId = '" + id + "'", PageSize: 1,
	})
	if err != nil {
		return e, false, fmt.Errorf("look for a run of the doctor: %w", err)
	}
	if len(page.GetExecutions()) == 0 {
		return e, false, nil
	}
	e, err = entry(ctx, c, queue, page.GetExecutions()[0])
	return e, err == nil, err
}

// entry reads a run with its report.
func entry(ctx context.Context, c client.Client, queue string, w *workflowpb.WorkflowExecutionInfo) (Entry, error) {
	id, run := w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId()
	e := Entry{ID: run, Scheduled: id != named(doctor.WorkflowID, queue), State: state(w.GetStatus()), Started: w.GetStartTime().AsTime()}
	if at := w.GetCloseTime(); at != nil {
		e.Ended = at.AsTime()
	}
	if w.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		return e, nil
	}
	var r doctor.Report
	err := c.GetWorkflow(ctx, id, run).Get(ctx, &r)
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return e, nil // it has just been forgotten
	case err != nil:
		return e, fmt.Errorf("the report of run %s: %w", run, err)
	}
	e.Report, e.Started = &r, r.Started
	return e, nil
}

// state returns the engine's word for the status of a run.
func state(s enumspb.WorkflowExecutionStatus) string {
	switch s {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return "timed_out"
	default:
		return strings.ToLower(s.String())
	}
}
