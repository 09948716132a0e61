package saga_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga"
)

// tellOwner is a step outside of the plan.
var tellOwner = saga.Step[string, saga.None]{Name: "tell", Kind: saga.Recorded}

// notice adds a notice to the bundle that tells the flags and the waivers, and returns
// the received ones. fail returns the error of a call; nil: none.
func (b *testBundle) notice(fail func(what string) error) *[]string {
	heard := &[]string{}
	saga.Bind(b.env, tellOwner, func(_ context.Context, _ saga.Key, what string) (saga.None, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if fail != nil {
			if err := fail(what); err != nil {
				return saga.None{}, err
			}
		}
		*heard = append(*heard, what)
		return saga.None{}, nil
	}, nil)
	b.options.Notice = func(ctx workflow.Context, v saga.View) error {
		waived := ""
		for _, w := range v.Waivers {
			waived += " waived " + w.Step
		}
		_, err := saga.Do(ctx, tellOwner, strings.Join(flagged(v), ",")+waived)
		return err
	}
	return heard
}

func TestANoticeFollowsTheFlagsAndWaivers(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "room.undo", "seat.undo")
	heard := b.notice(nil)
	b.after(time.Hour, func() { b.repair(b.skip("room")) })
	b.after(2*time.Hour, func() { b.mend("seat.undo") })
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	if len(*heard) == 4 { // the two flags are of one moment, but may be of two workflow tasks
		require.Contains(t, []string{"room", "seat"}, (*heard)[0])
		*heard = (*heard)[1:]
	}
	require.Equal(t, []string{"room,seat", "seat waived room", " waived room"}, *heard)
	_, ok := v.Step("tell")
	require.False(t, ok, "it is no step of the saga")
}

func TestASagaThatNeedsNobodyGivesNoNotice(t *testing.T) {
	t.Parallel()

	b := setup(t)
	heard := b.notice(nil)
	b.script["guide"] = []error{errTransient, errRefused}
	require.Equal(t, saga.Aborted, b.run(t).Phase)
	require.Empty(t, *heard)
}

func TestANoticeOfWhatIsRaisedAtTheEndIsWaitedFor(t *testing.T) {
	t.Parallel()

	b := setup(t)
	heard := b.notice(nil)
	b.script["guide"] = []error{errRefused}
	b.options.Aborted = func(ctx workflow.Context, _ saga.Decision) error {
		_, err := saga.Do(ctx, sorry, "")
		saga.Raise(ctx, "guide", "ODD")
		return err
	}
	require.Len(t, b.run(t).Attention, 1)
	require.Equal(t, []string{"guide"}, *heard)
}

// A receiver that was down must not get old news when it is back.
func TestTheLatestNewsWins(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "room.undo", "seat.undo")
	away := true
	heard := b.notice(func(string) error {
		if away {
			return errTransient
		}
		return nil
	})
	b.after(time.Hour, func() { b.repair(b.skip("room")) })
	b.after(2*time.Hour, func() {
		b.mu.Lock()
		away = false
		b.mu.Unlock()
		b.mend("seat.undo")
	})
	b.run(t)
	require.NotEmpty(t, *heard)
	require.Equal(t, " waived room", (*heard)[len(*heard)-1])
	require.NotContains(t, *heard, "room,seat")
}

func TestANoticeThatIsRefusedHoldsUpNobody(t *testing.T) {
	t.Parallel()

	for _, refusal := range []error{errRefused, errBug} {
		b := stuckIn(t, "seat.undo")
		told := 0
		b.notice(func(string) error { told++; return refusal })
		b.after(time.Hour, func() { b.mend("seat.undo") })
		require.Equal(t, saga.Aborted, b.run(t).Phase)
		require.Equal(t, 2, told, "of the flag and of its end")
	}
}

func TestANoticeTakesNoStepThatCouldNeedUndo(t *testing.T) {
	t.Parallel()

	for _, kind := range []saga.Kind{saga.Compensatable, saga.Pivot} {
		b := stuckIn(t, "seat.undo")
		b.options.Notice = func(ctx workflow.Context, _ saga.View) error {
			_, err := saga.Do(ctx, saga.Step[saga.None, saga.None]{Name: "more", Kind: kind}, saga.None{})
			return err
		}
		b.execute(func(ctx workflow.Context) (saga.View, error) { return saga.Run(ctx, b.options, b.body) })
		require.ErrorContains(t, b.env.GetWorkflowError(), "a notice cannot take step more")
	}
}
