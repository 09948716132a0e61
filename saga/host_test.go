package saga_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// twoSagas is a workflow with two sagas side by side, outward and home.
func twoSagas(b *testBundle) func(ctx workflow.Context) ([]saga.View, error) {
	legs := []struct {
		id   string
		plan saga.Plan
		body func(workflow.Context) error
	}{
		{"outward", saga.NewPlan(seat, ship), func(ctx workflow.Context) error {
			if err := do(ctx, seat, 1); err != nil {
				return err
			}
			return do(ctx, ship, saga.None{})
		}},
		{"home", saga.NewPlan(room, note), func(ctx workflow.Context) error {
			if err := do(ctx, room, 1); err != nil {
				return err
			}
			return do(ctx, note, "home")
		}},
	}
	return func(ctx workflow.Context) ([]saga.View, error) {
		ctx, err := saga.Host(ctx)
		if err != nil {
			return nil, err
		}
		views, errs := make([]saga.View, len(legs)), make([]error, len(legs))
		wg := workflow.NewWaitGroup(ctx)
		for i, leg := range legs {
			wg.Add(1)
			workflow.Go(ctx, func(ctx workflow.Context) {
				defer wg.Done()
				o := b.options
				o.ID, o.Plan, o.Aborted = leg.id, leg.plan, nil
				views[i], errs[i] = saga.Run(ctx, o, leg.body)
			})
		}
		wg.Wait(ctx)
		for _, err := range errs {
			if err != nil {
				return nil, err
			}
		}
		return views, nil
	}
}

func TestOneWorkflowMayCarrySeveralSagas(t *testing.T) {
	t.Parallel()

	for claim, tc := range map[string]struct {
		cancel        string
		outward, home saga.Phase
		ledger        string
	}{
		"ThatBothCommit":       {"", saga.Committed, saga.Committed, "seat=done ship=done room=done note=done"},
		"AndOneIsCanceled":     {"outward", saga.Aborted, saga.Committed, "seat=undone ship= room=done note=done"},
		"AndTheOtherOne":       {"home", saga.Committed, saga.Aborted, "seat=done ship=done room=undone note="},
		"AndOneThatIsNotThere": {"elsewhere", saga.Committed, saga.Committed, "seat=done ship=done room=done note=done"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			outcome := &cancelOutcome{}
			// Both legs have called and neither has an answer.
			arrived := make(chan struct{})
			b.hooks["seat"] = func() { b.mu.Unlock(); <-arrived; b.mu.Lock() }
			b.hooks["room"] = func() {
				if tc.cancel != "" {
					b.now(func() { b.cancelSaga(tc.cancel, outcome) })
				}
				close(arrived)
			}
			b.execute(twoSagas(b))
			var views []saga.View
			require.NoError(t, b.env.GetWorkflowError())
			require.NoError(t, b.env.GetWorkflowResult(&views))
			require.Equal(t, []saga.Phase{tc.outward, tc.home}, []saga.Phase{views[0].Phase, views[1].Phase})
			// The test environment does not wait for a step that was canceled, so its
			// undo may come first.
			ledger := strings.ReplaceAll(b.ledger("seat", "ship", "room", "note"), "blocked", "undone")
			require.Equal(t, tc.ledger, ledger)
			require.Equal(t, tc.cancel == "outward" || tc.cancel == "home", outcome.accepted)
		})
	}
}

func (b *testBundle) cancelSaga(id string, o *cancelOutcome) {
	b.options.ID = id
	b.cancel(o)
}

func TestEachSagaAnswersItsOwnProgress(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.always["seat"], b.always["room"] = errTransient, errTransient
	b.env.RegisterDelayedCallback(func() {
		for id, step := range map[string]string{"outward": "seat", "home": "room"} {
			value, err := b.env.QueryWorkflow(saga.QuerySaga, id)
			require.NoError(t, err)
			var v saga.View
			require.NoError(t, value.Get(&v))
			require.Equal(t, id, v.ID)
			s, ok := v.Step(step)
			require.True(t, ok)
			require.Equal(t, saga.Running, s.State)
		}
		_, err := b.env.QueryWorkflow(saga.QuerySaga, "elsewhere")
		require.ErrorContains(t, err, "no such saga")
	}, time.Second)
	b.execute(twoSagas(b))
	require.NoError(t, b.env.GetWorkflowError())
}

func TestASagaRunsOnceInAWorkflow(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.execute(func(ctx workflow.Context) error {
		ctx, err := saga.Host(ctx)
		if err != nil {
			return err
		}
		if _, err := saga.Run(ctx, b.options, b.body); err != nil {
			return err
		}
		_, err = saga.Run(ctx, b.options, b.body)
		return err
	})
	require.ErrorContains(t, b.env.GetWorkflowError(), `saga "trip-1" runs twice in one workflow`)
	require.Equal(t, 1, b.count("pay"))
}

func TestACancelOfASagaThatEndedIsRefused(t *testing.T) {
	t.Parallel()

	b := setup(t)
	o := &cancelOutcome{}
	b.execute(func(ctx workflow.Context) error {
		ctx, err := saga.Host(ctx)
		if err != nil {
			return err
		}
		if _, err := saga.Run(ctx, b.options, func(workflow.Context) error { return fault.Errorf(fault.Business, "NO", "") }); err != nil {
			return err
		}
		b.env.RegisterDelayedCallback(func() { b.cancel(o) }, 0)
		return workflow.Await(ctx, func() bool { return o.err != nil })
	})
	require.NoError(t, b.env.GetWorkflowError())
	require.False(t, o.accepted)
	require.ErrorContains(t, o.err, "the saga has ended")
}
