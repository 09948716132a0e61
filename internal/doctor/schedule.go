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

// defaultQueue is the order service's task queue unless it is configured.
const defaultQueue = "amends-order"

// named returns the id of a platform's schedule or run: base, for the default queue
// of its order service, otherwise base and the queue. A task queue belongs to one
// platform, so platforms that share a namespace do not change each other's schedule.
func named(base, queue string) string {
	if queue == defaultQueue {
		return base
	}
	return base + "-" + queue
}

// Keep sets the engine's schedule to s, or removes it if s.Every is 0. A repeat, or
// another worker that does the same at the same time, changes nothing. A paused
// schedule stays paused. The schedule of another queue is left alone.
func Keep(ctx context.Context, c client.Client, s Schedule) error {
	id := named(doctor.ScheduleID, s.Queue)
	if err := s.dropFormer(ctx, c, id); err != nil {
		return err
	}
	if s.Every <= 0 {
		return drop(ctx, c, id)
	}
	want := s.options(id)
	_, err := c.ScheduleClient().Create(ctx, want)
	var exists *serviceerror.AlreadyExists
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, temporal.ErrScheduleAlreadyRunning) && !errors.As(err, &exists):
		return fmt.Errorf("create schedule %s: %w", id, err)
	}
	err = c.ScheduleClient().GetHandle(ctx, id).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			have := in.Description.Schedule
			have.Spec, have.Action = &want.Spec, want.Action
			have.Policy = &client.SchedulePolicies{Overlap: want.Overlap, CatchupWindow: want.CatchupWindow}
			return &client.ScheduleUpdate{Schedule: &have}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("update schedule %s: %w", id, err)
	}
	return nil
}

func (s Schedule) options(id string) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID: id,
		Spec: client.ScheduleSpec{
			Intervals: []client.ScheduleIntervalSpec{{Every: s.Every}},
			Jitter:    min(maxJitter, s.Every/10),
		},
		Action: &client.ScheduleWorkflowAction{
			ID: id, Workflow: doctor.Reconcile, Args: []any{s.Input}, TaskQueue: s.Queue,
			WorkflowRunTimeout: runTime(s.Input), StaticSummary: summary,
		},
		// One run reads every order, so a run that takes longer than the interval needs no
		// second one beside it, and missed runs are not made up for.
		Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: max(s.Every, minCatchup),
		Note:          "amends doctor; the order service's worker sets it from doctor.every",
	}
}

// dropFormer removes the schedule that release 0.1.0 has made for the queue, under the
// id that it gave to the schedule of every queue.
func (s Schedule) dropFormer(ctx context.Context, c client.Client, id string) error {
	if id == doctor.ScheduleID {
		return nil
	}
	d, err := c.ScheduleClient().GetHandle(ctx, doctor.ScheduleID).Describe(ctx)
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return nil
	case err != nil:
		return fmt.Errorf("schedule %s: %w", doctor.ScheduleID, err)
	}
	if a, ok := d.Schedule.Action.(*client.ScheduleWorkflowAction); !ok || a.TaskQueue != s.Queue {
		return nil
	}
	return drop(ctx, c, doctor.ScheduleID)
}

// drop removes the schedule if it exists.
func drop(ctx context.Context, c client.Client, id string) error {
	err := c.ScheduleClient().GetHandle(ctx, id).Delete(ctx)
	var missing *serviceerror.NotFound
	if err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("delete schedule %s: %w", id, err)
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

// Last returns the last completed run of the schedule of an order service's queue.
// Without a schedule or such a run, found is false.
func Last(ctx context.Context, c client.Client, queue string) (p Past, found bool, err error) {
	schedule := named(doctor.ScheduleID, queue)
	d, err := c.ScheduleClient().GetHandle(ctx, schedule).Describe(ctx)
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return p, false, nil
	case err != nil:
		return p, false, fmt.Errorf("schedule %s: %w", schedule, err)
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
