// Package doctor is the reconciler's side towards the engine: it keeps the schedule
// that starts a run, starts one that somebody asks for, and finds the last report.
// What is judged, and how, is in the workflows.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/workflows/doctor"
)

// Schedule says when the doctor runs by itself, and how.
type Schedule struct {
	// Every is the time from one run to the next; 0: none by itself.
	Every time.Duration
	// Queue is the task queue of the order service.
	Queue string
	// Input is each run's.
	Input doctor.Input
}

// maxJitter bounds by how much a run is late at random, so that the doctors of
// several shops on one engine do not all come at the same second.
const maxJitter = 30 * time.Second

// Keep makes the engine's schedule be s, whatever it was: a repeat, and another
// worker that does the same at the same time, change nothing. Whether somebody
// has paused it stays as it is.
func Keep(ctx context.Context, c client.Client, s Schedule) error {
	if s.Every <= 0 {
		return drop(ctx, c)
	}
	want := s.options()
	_, err := c.ScheduleClient().Create(ctx, want)
	var exists *serviceerror.AlreadyExists
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, temporal.ErrScheduleAlreadyRunning) && !errors.As(err, &exists):
		return fmt.Errorf("create schedule %s: %w", doctor.ScheduleID, err)
	}
	err = c.ScheduleClient().GetHandle(ctx, doctor.ScheduleID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			have := in.Description.Schedule
			have.Spec, have.Action = &want.Spec, want.Action
			have.Policy = &client.SchedulePolicies{Overlap: want.Overlap, CatchupWindow: want.CatchupWindow}
			return &client.ScheduleUpdate{Schedule: &have}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("update schedule %s: %w", doctor.ScheduleID, err)
	}
	return nil
}

func (s Schedule) options() client.ScheduleOptions {
	return client.ScheduleOptions{
		ID: doctor.ScheduleID,
		Spec: client.ScheduleSpec{
			Intervals: []client.ScheduleIntervalSpec{{Every: s.Every}},
			Jitter:    min(maxJitter, s.Every/10),
		},
		Action: &client.ScheduleWorkflowAction{
			ID: doctor.ScheduleID, Workflow: doctor.Reconcile, Args: []any{s.Input}, TaskQueue: s.Queue,
			WorkflowRunTimeout: runTime(s.Input), StaticSummary: "compare what everybody has",
		},
		// A run that takes longer than the interval is not joined by a second one, and
		// runs that were missed are not made up for: one sees it all.
		Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: max(s.Every, minCatchup),
		Note:          "amends doctor; the order service's worker sets it from doctor.every",
	}
}

// minCatchup is the least that the engine takes.
const minCatchup = 10 * time.Second

// drop removes the schedule, if there is one.
func drop(ctx context.Context, c client.Client) error {
	err := c.ScheduleClient().GetHandle(ctx, doctor.ScheduleID).Delete(ctx)
	var missing *serviceerror.NotFound
	if err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("delete schedule %s: %w", doctor.ScheduleID, err)
	}
	return nil
}

// Past is what the schedule's last run saw, and how the schedule stands now.
type Past struct {
	Report doctor.Report
	// Every is the schedule's interval; 0: somebody gave it none.
	Every time.Duration
	// Paused says that somebody has paused it, Running that a run has begun and not
	// ended.
	Paused, Running bool
}

// Last returns the last run that the schedule started and that has ended, and
// whether there is one.
func Last(ctx context.Context, c client.Client) (p Past, found bool, err error) {
	d, err := c.ScheduleClient().GetHandle(ctx, doctor.ScheduleID).Describe(ctx)
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return p, false, nil
	case err != nil:
		return p, false, fmt.Errorf("schedule %s: %w", doctor.ScheduleID, err)
	}
	p.Running = len(d.Info.RunningWorkflows) > 0
	if s := d.Schedule.State; s != nil {
		p.Paused = s.Paused
	}
	if s := d.Schedule.Spec; s != nil && len(s.Intervals) > 0 {
		p.Every = s.Intervals[0].Every
	}
	for _, a := range slices.Backward(d.Info.RecentActions) {
		if a.StartWorkflowResult == nil {
			continue
		}
		id := a.StartWorkflowResult.WorkflowID
		run, err := c.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			if errors.As(err, &missing) {
				continue // past its retention
			}
			return p, false, fmt.Errorf("run %s: %w", id, err)
		}
		if run.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			continue // it runs, or was stopped
		}
		if err := c.GetWorkflow(ctx, id, "").Get(ctx, &p.Report); err != nil {
			return p, false, fmt.Errorf("run %s: %w", id, err)
		}
		return p, true, nil
	}
	return p, false, nil
}

// Late says why there is nothing newer than the report, if there should be: two
// intervals have passed since it ended, so a run was missed that was neither late
// at random nor taking its time. Empty: it is as new as it can be.
func (p Past) Late(now time.Time) string {
	switch age := now.Sub(p.Report.Ended); {
	case p.Every > 0 && age <= 2*p.Every:
		return ""
	case p.Paused:
		return "somebody has paused the schedule"
	case p.Every <= 0:
		return "the schedule has no interval"
	case p.Running:
		return "a run has begun and not ended: it takes its time, or no worker of the order service runs"
	default:
		return "no run of the schedule has ended since: does the engine run all the time, and a worker of the order service?"
	}
}
