// Package doctor starts the workflow of workflows/doctor at the engine: now, or on
// a schedule, which it sets. It also finds the schedule's last report.
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

// Schedule configures the doctor's scheduled runs.
type Schedule struct {
	// Every is the interval between runs; 0: no schedule.
	Every time.Duration
	// Queue is the task queue of the order service.
	Queue string
	// Input is the input of each run.
	Input doctor.Input
}

const (
	// maxJitter limits the random delay of a run, which spreads the doctors of several
	// shops on one engine.
	maxJitter = 30 * time.Second
	// minCatchup is the smallest catch-up window that the engine accepts.
	minCatchup = 10 * time.Second
	// summary describes a run in the engine's Web UI.
	summary = "compare the services' facts about every order"
)

// Keep sets the engine's schedule to s, or removes it if s.Every is 0. A repeat, or
// another worker that does the same at the same time, changes nothing. A paused
// schedule stays paused.
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
			WorkflowRunTimeout: runTime(s.Input), StaticSummary: summary,
		},
		// One run reads every order, so a run that takes longer than the interval needs no
		// second one beside it, and missed runs are not made up for.
		Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: max(s.Every, minCatchup),
		Note:          "amends doctor; the order service's worker sets it from doctor.every",
	}
}

// drop removes the schedule if it exists.
func drop(ctx context.Context, c client.Client) error {
	err := c.ScheduleClient().GetHandle(ctx, doctor.ScheduleID).Delete(ctx)
	var missing *serviceerror.NotFound
	if err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("delete schedule %s: %w", doctor.ScheduleID, err)
	}
	return nil
}

// Past is the report of the schedule's last completed run, and the schedule's
// present state.
type Past struct {
	Report doctor.Report
	// Every is the schedule's interval; 0: it was changed by hand and has none.
	Every time.Duration
	// Paused reports whether the schedule is paused, Running whether a run is open.
	Paused, Running bool
}

// Last returns the last completed run of the schedule. Without a schedule or such a
// run, found is false.
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
			continue // open, or stopped
		}
		if err := c.GetWorkflow(ctx, id, "").Get(ctx, &p.Report); err != nil {
			return p, false, fmt.Errorf("run %s: %w", id, err)
		}
		return p, true, nil
	}
	return p, false, nil
}

// Late describes why no newer report exists, if one should: two intervals after the
// end of a run, jitter and duration no longer explain a missing one. It returns ""
// if the report is recent enough.
func (p Past) Late(now time.Time) string {
	switch age := now.Sub(p.Report.Ended); {
	case p.Every > 0 && age <= 2*p.Every:
		return ""
	case p.Paused:
		return "the schedule is paused"
	case p.Every <= 0:
		return "the schedule has no interval"
	case p.Running:
		return "a run has begun and not ended: it takes its time, or no worker of the order service runs"
	default:
		return "no run of the schedule has ended since: does the engine run all the time, and a worker of the order service?"
	}
}
