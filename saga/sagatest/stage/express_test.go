package stage

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest/schedule"
)

// The steps of an express saga: two at the same time, three in a row.
var (
	left  = held("left")
	right = held("right")
	third = held("third")
	last  = saga.Step[saga.None, saga.None]{Name: "last", Queue: "q", Kind: saga.Pivot, Express: 2 * time.Second}
	ship  = saga.Step[saga.None, saga.None]{Name: "ship", Queue: "q", Kind: saga.Closing, Express: 2 * time.Second}
)

func held(name string) saga.Step[saga.None, saga.None] {
	return saga.Step[saga.None, saga.None]{Name: name, Queue: "q", Kind: saga.Compensatable, Express: 2 * time.Second}
}

// line is a subject that lists the calls as they arrive at its services.
type line struct {
	arrived []string
	done    map[string]string
	refuse  map[string]bool
	view    saga.View
}

func (l *line) Register(r *Registry) {
	for _, s := range []saga.Step[saga.None, saga.None]{left, right, third} {
		saga.Bind(r, s, l.do, func(_ context.Context, k saga.Key) error {
			l.arrived = append(l.arrived, k.Step+".undo")
			l.done[k.Step] = "blocked"
			return nil
		})
	}
	saga.BindPivot(r, last, l.do, func(_ context.Context, k saga.Key) (saga.None, bool, error) {
		l.arrived = append(l.arrived, k.Step+".settle")
		happened := l.done[k.Step] == "done"
		if !happened {
			l.done[k.Step] = "blocked"
		}
		return saga.None{}, happened, nil
	})
	saga.Bind(r, ship, l.do, nil)
	plan := saga.NewPlan(left, right, third, last, ship)
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, decideBy time.Time) (saga.View, error) {
		return saga.Run(ctx, saga.Options{ID: "s1", Plan: plan, DecideBy: decideBy, Express: plan.Express()}, func(ctx workflow.Context) error {
			one, two := saga.Go(ctx, left, saga.None{}), saga.Go(ctx, right, saga.None{})
			if _, err := one.Get(ctx); err != nil {
				return err
			}
			if _, err := two.Get(ctx); err != nil {
				return err
			}
			for _, s := range []saga.Step[saga.None, saga.None]{third, last, ship} {
				if _, err := saga.Do(ctx, s, saga.None{}); err != nil {
					return err
				}
			}
			return nil
		})
	}, workflow.RegisterOptions{Name: "Line"})
}

func (l *line) do(_ context.Context, k saga.Key, _ saga.None) (none saga.None, err error) {
	l.arrived = append(l.arrived, k.Step)
	switch {
	case l.done[k.Step] == "blocked":
		return none, fault.Errorf(fault.Suspension, fault.Suspended, "blocked")
	case l.refuse[k.Step]:
		return none, fault.Errorf(fault.Business, "NO", "no")
	}
	l.done[k.Step] = "done"
	return none, nil
}

func (l *line) Start(_, decideBy time.Time) (string, any) { return "Line", decideBy }

func (l *line) Reset(context.Context) error {
	l.arrived, l.done, l.refuse = nil, map[string]string{}, map[string]bool{}
	return nil
}

func (l *line) Refuse(_ context.Context, step string) (bool, error) {
	l.refuse[step] = true
	return true, nil
}

func (l *line) Check(_ context.Context, end End) error { return end.Result(&l.view) }

// play runs a schedule, and returns the calls that the workflow's worker made, those that
// came over a queue, and all of them as they arrived.
func play(t *testing.T, text string) (l *line, local, queued []string) {
	t.Helper()
	s, err := schedule.Parse(text)
	require.NoError(t, err)
	l = &line{}
	o := New(l, "s1").Run(t.Context(), s, Watch{})
	require.NoError(t, o.Err)
	require.Len(t, o.Hit, len(s), "every fault hit")
	for _, c := range o.Calls {
		if c.Local {
			local = append(local, c.Call)
		} else {
			queued = append(queued, c.Call)
		}
	}
	return l, local, queued
}

func TestAnExpressSagaIsPlayedWithoutAQueue(t *testing.T) {
	t.Parallel()
	l, local, queued := play(t, "")
	require.Equal(t, saga.Committed, l.view.Phase)
	require.Equal(t, []string{"left#1", "right#1", "third#1", "last#1", "ship#1"}, local)
	require.Empty(t, queued)
}

func TestATryIsOneAttempt(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"before", "lost", "fails", "late-after-retry", "late-after-undo"} {
		_, local, queued := play(t, "third#1="+kind)
		require.Equal(t, []string{"left#1", "right#1", "third#1", "last#1", "ship#1"}, local, kind)
		require.Equal(t, "third#2", queued[0], kind)
	}
}

// A try that is canceled ends for the workflow alone.
func TestACanceledTryTakesEffectAfterItsUndo(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"left", "right"}, {"right", "left"}} {
		slow, refused := c[0], c[1]
		l, _, queued := play(t, slow+"#1=slow "+refused+"#1=refuse")
		require.Equal(t, saga.Aborted, l.view.Phase)
		require.NotContains(t, queued, slow+"#2", "it is not asked again")
		undone := slices.Index(l.arrived, slow+".undo")
		require.GreaterOrEqual(t, undone, 0, "its outcome is unknown")
		require.Equal(t, slow, l.arrived[undone+1], "it arrives late")
		require.Equal(t, "blocked", l.done[slow])
	}
}

// The call of a try may notice its cancel first, and fail by itself.
func TestACanceledTryThatFailsIsNotRepeated(t *testing.T) {
	t.Parallel()
	l, _, queued := play(t, "left#1=lost right#1=refuse")
	require.Equal(t, saga.Aborted, l.view.Phase)
	require.NotContains(t, queued, "left#2")
	require.Contains(t, queued, "left.undo#1")
}

// Slow tries use the time of their task up; the next task has its own.
func TestSlowTriesUseUpTheTimeOfTheirTask(t *testing.T) {
	t.Parallel()
	for text, durable := range map[string]string{
		"left#1=slow":                          "",
		"left#1=slow right#1=slow":             "", // at the same time
		"left#1=slow third#1=slow":             "last#1",
		"third#1=slow last#1=slow":             "ship#1",
		"right#1=slow last#1=slow":             "ship#1",
		"left#1=lost third#1=slow":             "left#2", // which ended the first task
		"left#1=before right#1=slow":           "left#2",
		"left#1=slow third#1=slow last#1=slow": "last#1",
	} {
		l, _, queued := play(t, text)
		require.Equal(t, saga.Committed, l.view.Phase, text)
		require.Equal(t, durable, strings.Join(queued, " "), text)
	}
}

// The deadline needs no timer: the next step sees it.
func TestATryThatHangsBeyondDecideByIsTheLast(t *testing.T) {
	t.Parallel()
	for step, next := range map[string]string{"left": "third", "right": "third", "third": "last"} {
		l, _, _ := play(t, step+"#1=deadline")
		require.Equal(t, saga.Deadline, l.view.Reason, step)
		require.NotContains(t, l.arrived, next, step)
	}
	l, _, _ := play(t, "last#1=deadline")
	require.Equal(t, saga.Committed, l.view.Phase, "the pivot was scheduled in time")
}

// A worker that dies in mid-task loses what its tries returned: they run again.
func TestALostTaskRunsItsTriesAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"crash", "crash-after"} {
		for i, step := range []string{"left", "right", "third", "last", "ship"} {
			l, local, queued := play(t, step+"#1="+kind)
			require.Equal(t, saga.Committed, l.view.Phase)
			require.Empty(t, queued, "all of it was one task")
			require.Len(t, local, max(i, 1)+1+5, "left and right began at the same time")
		}
	}
}

// A task that times out runs again while its last try goes on at the first worker.
func TestATryOfALostTaskTakesEffectInTheNextOne(t *testing.T) {
	t.Parallel()
	l, _, _ := play(t, "third#1=crash-late")
	require.Equal(t, []string{"left", "right", "left", "right", "third", "third", "last", "ship"}, l.arrived)
	l, _, _ = play(t, "third#1=crash-late left#2=cancel")
	require.Equal(t, saga.Aborted, l.view.Phase)
	require.Equal(t, "third", l.arrived[len(l.arrived)-1], "at the end, if no other call comes")
	require.Equal(t, "blocked", l.done["third"])
}
