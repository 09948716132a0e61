package saga_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/progress"
)

// tour is a step of many parts. Each attempt does one, and fails.
var tour = saga.Step[int, int]{
	Name: "tour", Queue: "tour", Kind: saga.Compensatable, Owes: "tour booked",
	StartToClose: time.Hour, Heartbeat: 10 * time.Second,
}

// onTour is a saga of one tour with that many parts, which gets stuck after some of
// them until it is helped.
func onTour(t *testing.T, parts, stuckAfter int) (b *testBundle, help func()) {
	t.Helper()
	b = setup(t)
	done, undone, stuck := 0, 0, true
	walk := func(ctx context.Context, n *int) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if *n < parts && (!stuck || *n < stuckAfter) {
			*n++
		}
		progress.Report(ctx, *n)
		if *n < parts {
			return errTransient
		}
		return nil
	}
	saga.Bind(b.env, tour, func(ctx context.Context, _ saga.Key, _ int) (int, error) { return parts, walk(ctx, &done) },
		func(ctx context.Context, _ saga.Key) error { return walk(ctx, &undone) })
	b.options.Plan = saga.NewPlan(tour, note).OnAbort(sorry)
	b.options.DecideBy = time.Time{}
	b.body = func(ctx workflow.Context) error {
		if err := do(ctx, tour, 1); err != nil {
			return err
		}
		return do(ctx, note, "done")
	}
	return b, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		stuck = false
	}
}

// Queueing at a slow external system is progress, however long it takes in all.
func TestALongStepIsFlaggedOnlyWhenItMakesNoProgress(t *testing.T) {
	t.Parallel()

	t.Run("NotWhileItMakesProgress", func(t *testing.T) {
		t.Parallel()
		b, _ := onTour(t, 100, 100)
		s := b.watch(t)
		b.options.NeedsAttention = &needsAttention
		begun := b.env.Now()
		v := b.run(t)
		require.Equal(t, saga.Committed, v.Phase)
		took := b.env.Now().Sub(begun)
		require.Greater(t, took, 4*saga.DefaultTiming().ParkAfter)
		require.Empty(t, s.attention)
		require.LessOrEqual(t, len(s.of("tour")), int(took/saga.DefaultTiming().ParkAfter)+2, "a call each ParkAfter, not each attempt")
		require.Equal(t, time.Hour, s.limits["tour"])
		require.Equal(t, saga.DefaultTiming().ParkAfter, s.calls["tour"], "and not the long start-to-close")
	})

	t.Run("NorWhileItsUndoDoes", func(t *testing.T) {
		t.Parallel()
		b, _ := onTour(t, 100, 100)
		s := b.watch(t)
		b.options.NeedsAttention = &needsAttention
		b.options.Against = saga.Deadline
		require.Equal(t, saga.Aborted, b.run(t).Phase)
		require.Empty(t, s.attention)
		require.Greater(t, len(s.of("tour.undo")), 5)
	})

	t.Run("ButWhenItStops", func(t *testing.T) {
		t.Parallel()
		b, help := onTour(t, 100, 20)
		s := b.watch(t)
		b.options.NeedsAttention = &needsAttention
		b.after(10*time.Minute, func() {
			require.Equal(t, []string{"tour"}, flagged(b.query(t)))
			help()
		})
		v := b.run(t)
		require.Equal(t, saga.Committed, v.Phase, "it recovers by itself")
		require.Equal(t, []bool{true, false}, s.attention)
	})

	t.Run("AndByTheEnginesTimeouts", func(t *testing.T) {
		t.Parallel()
		before := func(done int) error { // the engine adds the failure of the attempt before
			return temporal.NewApplicationError("not now", "UNAVAILABLE", map[string]any{"kind": fault.Transient, "progress": done})
		}
		late := func(done ...any) error {
			return temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, nil, done...)
		}
		for claim, tc := range map[string]struct {
			failures []error
			flagged  bool
		}{
			"ProgressEachTime":      {[]error{late(40), late(80)}, false},
			"ProgressAfterAFailure": {[]error{late(40), temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, before(40), 80)}, false},
			"TheSameAgain":          {[]error{late(40), late(40)}, true},
			"NoHeartbeat":           {[]error{late()}, true},
			"AnothersHeartbeat":     {[]error{late("half way")}, true},
			"ABugForAllProgress":    {[]error{late(40), errFinal}, true},
		} {
			b := foreign(t, saga.Closing, tc.failures...)
			s := b.watch(t)
			b.options.NeedsAttention = &needsAttention
			require.Equal(t, saga.Committed, b.run(t).Phase, claim)
			require.Equal(t, tc.flagged, len(s.attention) > 0, claim)
		}
	})
}

// An attempt that fails says how far it got: the engine keeps no heartbeat of it. One of
// a call without a heartbeat does not, because code that made such calls knew of no
// progress, and its histories must replay.
func TestAFailureCarriesTheProgress(t *testing.T) {
	t.Parallel()

	for heartbeat, want := range map[time.Duration]int{10 * time.Second: 17, 0: 0} {
		t.Run(heartbeat.String(), func(t *testing.T) {
			t.Parallel()
			env := environment()
			saga.Bind(env, tour, func(ctx context.Context, _ saga.Key, _ int) (int, error) {
				for _, n := range []int{3, 17, 5} { // by several goroutines, in any order
					progress.Report(ctx, n)
				}
				return 0, errTransient
			}, func(context.Context, saga.Key) error { return nil })
			var details struct {
				Kind     fault.Kind `json:"kind"`
				Progress int        `json:"progress"`
			}
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
					StartToCloseTimeout: time.Minute, HeartbeatTimeout: heartbeat, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
				})
				err := workflow.ExecuteActivity(ctx, "tour", callArgument{Key: saga.Key{Saga: "trip-1", Step: "tour"}}).Get(ctx, nil)
				var app *temporal.ApplicationError
				if !errors.As(err, &app) {
					return err
				}
				return app.Details(&details)
			})
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, want, details.Progress)
			require.Equal(t, fault.Transient, details.Kind)
		})
	}
}
