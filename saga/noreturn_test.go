package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// Whatever the body does in parallel, nothing that can still fail is under way
// when the saga passes its point of no return.

func TestThePivotWaitsForAStepThatIsTakenBesideIt(t *testing.T) {
	t.Parallel()

	for name, body := range map[string]func(workflow.Context) error{
		"ByDo": func(ctx workflow.Context) error {
			paid := saga.Go(ctx, pay, 1)
			if _, err := saga.Do(ctx, guide, 1); err != nil {
				return err
			}
			_, err := paid.Get(ctx)
			return err
		},
		"ByGo": func(ctx workflow.Context) error {
			paid, booked := saga.Go(ctx, pay, 1), saga.Go(ctx, guide, 1)
			if _, err := booked.Get(ctx); err != nil {
				return err
			}
			_, err := paid.Get(ctx)
			return err
		},
		"ByABranchOfTheBodysOwn": func(ctx workflow.Context) error {
			workflow.Go(ctx, func(ctx workflow.Context) { _, _ = saga.Do(ctx, guide, 1) })
			if err := workflow.Sleep(ctx, time.Millisecond); err != nil { // let it begin
				return err
			}
			_, err := saga.Do(ctx, pay, 1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.script["guide"] = []error{errTransient, errRefused}
			b.body = body
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, fault.Code("NO_SEATS"), v.Reason)
			require.Equal(t, -1, b.first("pay"))
		})
	}
}

// A timer that fires for nothing costs a workflow task, and one that runs on is a
// confusing line in the Web UI.
func TestTheDeadlineIsDisarmedBeforeThePointOfNoReturn(t *testing.T) {
	t.Parallel()

	for claim, tc := range map[string]struct {
		make func(*testing.T) *testBundle
		last string
		body func(workflow.Context) error
	}{
		"OfThePivot":            {setup, "pay", func(ctx workflow.Context) error { return do(ctx, pay, 1) }},
		"OfTheFirstClosingStep": {noPivot, "ship", func(ctx workflow.Context) error { return do(ctx, ship, saga.None{}) }},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := tc.make(t)
			b.body = tc.body
			disarmed, inTime := false, false
			b.env.SetOnTimerCanceledListener(func(string) { disarmed = true })
			b.hooks[tc.last] = func() { b.now(func() { inTime = disarmed }) }
			require.Equal(t, saga.Committed, b.run(t).Phase)
			require.True(t, inTime)
		})
	}
}

// noPivot is a plan whose first closing step is its point of no return.
func noPivot(t *testing.T) *testBundle {
	t.Helper()
	b := setup(t)
	b.options.Plan = saga.NewPlan(seat, room, ship, note).OnAbort(sorry)
	return b
}

func TestWithoutAPivotTheFirstClosingStepDecides(t *testing.T) {
	t.Parallel()

	body := func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, seat, 1); err != nil {
			return err
		}
		if _, err := saga.Do(ctx, ship, saga.None{}); err != nil {
			return err
		}
		_, err := saga.Do(ctx, note, "done")
		return err
	}

	t.Run("SoThatItCommits", func(t *testing.T) {
		t.Parallel()
		b := noPivot(t)
		b.body = body
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.Equal(t, "seat=done ship=done note=done", b.ledger("seat", "ship", "note"))
	})

	t.Run("UntilThenARefusalUndoes", func(t *testing.T) {
		t.Parallel()
		b := noPivot(t)
		b.body = body
		b.script["seat"] = []error{errRefused}
		require.Equal(t, saga.Aborted, b.run(t).Phase)
		require.Equal(t, "seat=refused room=blocked ship= sorry=done", b.ledger("seat", "room", "ship", "sorry"))
	})

	t.Run("FromThenOnACancelIsTooLate", func(t *testing.T) {
		t.Parallel()
		b := noPivot(t)
		b.body = body
		o := b.cancelIn("ship")
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.ErrorContains(t, o.err, "point of no return")
	})

	t.Run("AndTheDeadlineToo", func(t *testing.T) {
		t.Parallel()
		b := noPivot(t)
		b.body = body
		b.always["ship"] = errTransient
		b.env.RegisterDelayedCallback(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.always, "ship")
		}, time.Hour)
		require.Equal(t, saga.Committed, b.run(t).Phase)
	})
}

func TestWithoutAPivotTheFirstClosingStepWaitsForWhatMayFail(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		claim  string
		script []error
		phase  saga.Phase
		ledger string
	}{
		{"AndIsNotTakenIfItDoes", []error{errTransient, errRefused}, saga.Aborted, "seat=refused room=blocked ship= note="},
		{"AndIsTakenIfItDoesNot", []error{errTransient}, saga.Committed, "seat=done room= ship=done note=done"},
	} {
		t.Run(tc.claim, func(t *testing.T) {
			t.Parallel()
			b := noPivot(t)
			b.script["seat"] = tc.script
			b.body = func(ctx workflow.Context) error {
				held := saga.Go(ctx, seat, 1)
				shipped, noted := saga.Go(ctx, ship, saga.None{}), saga.Go(ctx, note, "done")
				if _, err := held.Get(ctx); err != nil {
					return err
				}
				if _, err := shipped.Get(ctx); err != nil {
					return err
				}
				_, err := noted.Get(ctx)
				return err
			}
			require.Equal(t, tc.phase, b.run(t).Phase)
			require.Equal(t, tc.ledger, b.ledger("seat", "room", "ship", "note"))
		})
	}
}
