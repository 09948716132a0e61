package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

func TestCancelUndoesEverythingBeforeThePivot(t *testing.T) {
	t.Parallel()

	for _, at := range []string{"price", "seat", "room", "guide"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			o := b.cancelIn(at)
			v := b.run(t)

			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, saga.CustomerRequest, v.Reason)
			require.NoError(t, o.err)
			require.Equal(t, saga.Compensating, o.phase)
			for _, s := range []string{"seat", "room", "guide", "pay"} {
				require.Contains(t, []string{"undone", "blocked"}, b.states[s], s)
			}
		})
	}
}

func TestCancelWaitsForAPivotThatIsScheduled(t *testing.T) {
	t.Parallel()

	t.Run("AndIsRefusedWhenItHappens", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		o := b.cancelIn("pay")
		v := b.run(t)
		require.Equal(t, saga.Committed, v.Phase)
		var app *temporal.ApplicationError
		require.ErrorAs(t, o.err, &app)
		require.Equal(t, string(saga.PastPivot), app.Type())
	})

	t.Run("AndIsACancelWhenItIsRefused", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		o := b.cancelIn("pay")
		b.script["pay"] = []error{errRefused}
		v := b.run(t)
		require.Equal(t, saga.Aborted, v.Phase)
		require.NoError(t, o.err)
		require.Equal(t, saga.Compensating, o.phase)
	})
}

func TestCancelIsRefusedWithoutATrace(t *testing.T) {
	t.Parallel()

	t.Run("PastThePivot", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		o := b.cancelIn("ship")
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.False(t, o.accepted)
		require.ErrorContains(t, o.err, "point of no return")
	})

	t.Run("OfAnUnknownSaga", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		o := &cancelOutcome{}
		b.hooks["guide"] = func() {
			b.options.ID = "another"
			b.now(func() { b.cancel(o) })
		}
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.False(t, o.accepted)
		require.ErrorContains(t, o.err, "no such saga")
	})
}

func TestATemporalCancelRequestIsACancel(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.hooks["guide"] = func() { b.now(b.env.CancelWorkflow) }
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, saga.CustomerRequest, v.Reason)
	require.Equal(t, "seat=undone room=undone pay=blocked", b.ledger("seat", "room", "pay"))
}

// The body's own wait ends before the kernel hears of the request.
func TestATemporalCancelRequestIsACancelWhileTheBodyWaits(t *testing.T) {
	t.Parallel()

	for name, after := range map[string]func(workflow.Context, error) error{
		"AndReturnsItsError": func(_ workflow.Context, err error) error { return err },
		"AndGoesOn": func(ctx workflow.Context, _ error) error {
			_, err := saga.Do(ctx, pay, 1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.body = func(ctx workflow.Context) error {
				return after(ctx, workflow.Await(ctx, func() bool { return false }))
			}
			b.env.RegisterDelayedCallback(b.env.CancelWorkflow, time.Minute)
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, saga.CustomerRequest, v.Reason)
			require.Empty(t, v.Attention)
			require.Equal(t, -1, b.first("pay"))
		})
	}
}

func TestBothCancelsAtOnceAreOne(t *testing.T) {
	t.Parallel()

	b := setup(t)
	o := &cancelOutcome{}
	b.hooks["guide"] = func() { b.now(func() { b.env.CancelWorkflow(); b.cancel(o) }) }
	require.Equal(t, saga.Aborted, b.run(t).Phase)
	require.NoError(t, o.err)
	require.Equal(t, saga.Compensating, o.phase)
}

func TestACancelDuringUndoIsTheSameCancel(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["pay"] = []error{errRefused}
	o := b.cancelIn("guide.undo")
	v := b.run(t)
	require.Equal(t, fault.Code("NO_SEATS"), v.Reason, "what decided stays")
	require.NoError(t, o.err)
	require.Equal(t, saga.Compensating, o.phase)
}

func TestACancelDoesNotWaitForAPivotThatNobodyCanTell(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.always["pay.settle"] = errTransient
	o := b.cancelIn("guide")
	b.env.RegisterDelayedCallback(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.always, "pay.settle")
	}, time.Hour)
	require.Equal(t, saga.Aborted, b.run(t).Phase)
	require.NoError(t, o.err)
	require.Equal(t, saga.Settling, o.phase)
}

func TestACancelNamesItsReason(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.hooks["seat"] = func() {
		b.now(func() {
			b.env.UpdateWorkflow(saga.UpdateCancel, "", &testsuite.TestUpdateCallback{
				OnAccept: func() {}, OnReject: func(error) {}, OnComplete: func(any, error) {},
			}, saga.CancelRequest{Saga: b.options.ID, Reason: "FRAUD"})
		})
	}
	require.Equal(t, fault.Code("FRAUD"), b.run(t).Reason)
	require.Equal(t, fault.Code("FRAUD"), b.aborted.Code)
}

// From the moment it is scheduled, the pivot is beyond every cancel: one that
// is between two attempts goes on with them.
func TestATemporalCancelRequestDoesNotReachAPivotThatIsScheduled(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["pay"] = []error{errTransient, errTransient}
	b.hooks["pay"] = func() { b.now(b.env.CancelWorkflow) }
	v := b.run(t)
	require.Equal(t, saga.Committed, v.Phase)
	require.Equal(t, 3, b.count("pay"))
}
