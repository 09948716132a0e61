package saga_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// decree is the step that records the decision.
var decree = saga.Step[fault.Code, string]{Name: "decree", Kind: saga.Recorded}

// slept is a waiver of an earlier run.
var slept = saga.Waiver{Step: "room", Code: "UNAVAILABLE", Owed: "room held", Reason: "slept in", Operator: "op"}

// recording is a trip that records its decision and learns of waivers.
func recording(t *testing.T, waived ...saga.Waiver) (b *testBundle, decisions *[]saga.Decision) {
	t.Helper()
	b, decisions = setup(t), &[]saga.Decision{}
	bind(b.world, b.env, decree, "decreed")
	b.options.Plan = saga.NewPlan(price, seat, room, guide, pay, ship, note).OnAbort(decree, sorry)
	b.options.Decided = func(ctx workflow.Context, d saga.Decision) ([]saga.Waiver, error) {
		*decisions = append(*decisions, d)
		if _, err := saga.Do(ctx, decree, d.Code); err != nil {
			return nil, err
		}
		return waived, nil
	}
	return b, decisions
}

func TestADecisionIsRecordedBeforeAnythingIsUndone(t *testing.T) {
	t.Parallel()

	for how, script := range map[string]func(b *testBundle){
		"Refused":      func(b *testBundle) { b.script["guide"] = []error{errRefused} },
		"Cancelled":    func(b *testBundle) { b.cancelIn("guide") },
		"ByTheEngine":  func(b *testBundle) { b.hooks["guide"] = func() { b.now(b.env.CancelWorkflow) } },
		"Late":         func(b *testBundle) { b.always["guide"] = errTransient },
		"PivotRefused": func(b *testBundle) { b.script["pay"] = []error{errRefused} },
		"Against":      func(b *testBundle) { b.options.Against = saga.Deadline },
		"EarlierRun":   func(b *testBundle) { b.states["seat"] = "undone" },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b, decisions := recording(t)
			script(b)
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Len(t, *decisions, 1, "once")
			require.Equal(t, *b.aborted, (*decisions)[0])
			require.Equal(t, 1, b.count("decree"))
			require.Less(t, b.first("decree"), firstUndo(b))
			require.Greater(t, b.first("decree"), b.first("pay.settle"), "a pivot that happened is nothing to decide against")
			s, _ := v.Step("decree")
			require.Equal(t, saga.Done, s.State)
			require.NotNil(t, s.StartedAt)
		})
	}
}

func TestNothingIsDecidedWhereNothingIsUndone(t *testing.T) {
	t.Parallel()

	t.Run("OfASagaThatGoesWell", func(t *testing.T) {
		t.Parallel()
		b, decisions := recording(t, slept)
		v := b.run(t)
		require.Equal(t, saga.Committed, v.Phase)
		require.Empty(t, *decisions)
		require.Empty(t, v.Waivers)
		_, there := v.Step("decree")
		require.False(t, there, "nor is it shown as a step that is ahead")
	})

	t.Run("OfAPivotThatHappened", func(t *testing.T) {
		t.Parallel()
		b, decisions := recording(t, slept)
		for _, step := range []string{"price", "seat", "room", "guide", "pay"} {
			b.states[step] = "done"
		}
		b.options.Against = saga.Deadline
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.Empty(t, *decisions)
	})
}

func TestWhatAnEarlierRunHasWaivedIsLeftAlone(t *testing.T) {
	t.Parallel()

	for how, script := range map[string]func(b *testBundle){
		"WhenThisRunHasDoneIt": func(b *testBundle) { b.script["guide"] = []error{errRefused} },
		"WhenItHasNot":         func(b *testBundle) { b.options.Against, b.states["room"] = saga.Deadline, "done" },
		"WhenItMeetsAnUndo":    func(b *testBundle) { b.states["guide"] = "undone" },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			elsewhere := slept
			elsewhere.Step = "cab" // of no step of this plan
			b, _ := recording(t, slept, elsewhere)
			script(b)
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, "done", b.states["room"])
			require.Zero(t, b.count("room.undo"))
			require.Contains(t, []string{"undone", "blocked"}, b.states["seat"])
			require.Equal(t, []saga.Waiver{slept}, v.Waivers)
			s, _ := v.Step("room")
			require.Equal(t, saga.Waived, s.State)
			require.Empty(t, s.Exposure)
			if how == "WhenItHasNot" {
				require.Empty(t, v.Attention)
				return
			}
			// It may have found the waived effect, or made another.
			require.Len(t, v.Attention, 1)
			require.Equal(t, saga.TakenAfterWaiver, v.Attention[0].Code)
			require.Equal(t, "room", v.Attention[0].Step)
			require.True(t, v.Attention[0].Lasting)
		})
	}
}

// The service that keeps the decision is away, for longer than ParkAfter.
func TestADecisionThatCannotBeRecordedHoldsUpUndoAndIsFlagged(t *testing.T) {
	t.Parallel()

	for how, mending := range map[string]func(b *testBundle) *repairOutcome{
		"UntilItHeals":     func(b *testBundle) *repairOutcome { b.mend("decree"); return nil },
		"UntilItIsRetried": func(b *testBundle) *repairOutcome { b.mend("decree"); return b.repair(b.retry("decree")) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b, decisions := recording(t)
			b.script["guide"] = []error{errRefused}
			b.always["decree"] = errTransient
			heard, begun := b.notice(nil), b.env.Now()
			var skipped, retried *repairOutcome
			cancelled := &cancelOutcome{}
			b.after(time.Hour, func() {
				v := b.query(t)
				require.Equal(t, saga.Compensating, v.Phase)
				require.Equal(t, fault.Code("NO_SEATS"), v.Reason)
				require.Equal(t, []string{"decree"}, flagged(v))
				require.Negative(t, firstUndo(b))
				b.cancel(cancelled)
				skipped = b.repair(b.skip("decree"))
			})
			b.after(time.Hour+time.Second, func() { retried = mending(b) })
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Len(t, *decisions, 1)
			require.Empty(t, v.Attention)
			require.Empty(t, v.Waivers)
			require.Equal(t, []string{"decree", ""}, *heard)
			require.NoError(t, cancelled.err)
			require.Equal(t, saga.Compensating, cancelled.phase, "the customer does not wait for it")
			require.Equal(t, fault.Invalid, skipped.code)
			require.False(t, skipped.traced)
			if retried != nil {
				require.Empty(t, retried.code)
				require.Less(t, b.env.Now().Sub(begun), time.Hour+2*time.Second)
			}
		})
	}
}

// A service that refuses to record a decision contradicts itself: it would object to
// the undo.
func TestADecisionThatIsRefusedIsFlaggedAndNothingIsUndone(t *testing.T) {
	t.Parallel()

	for _, refusal := range []error{errBug, errRefused} {
		b, _ := recording(t)
		b.script["guide"] = []error{errRefused}
		b.always["decree"] = refusal
		b.after(time.Hour, func() {
			require.Equal(t, []string{"decree"}, flagged(b.query(t)))
			require.Negative(t, firstUndo(b))
			b.mu.Lock()
			delete(b.always, "decree")
			delete(b.states, "decree") // the world keeps its refusals
			b.mu.Unlock()
		})
		require.Equal(t, saga.Aborted, b.run(t).Phase)
	}
}

func TestADecisionTakesNoStepThatCouldNeedUndo(t *testing.T) {
	t.Parallel()

	b, _ := recording(t)
	b.script["guide"] = []error{errRefused}
	b.options.Decided = func(ctx workflow.Context, _ saga.Decision) ([]saga.Waiver, error) {
		_, err := saga.Do(ctx, seat, 1)
		return nil, err
	}
	b.execute(func(ctx workflow.Context) (saga.View, error) { return saga.Run(ctx, b.options, b.body) })
	require.ErrorContains(t, b.env.GetWorkflowError(), "step seat cannot run in an aborted saga")
}

func TestADecisionThatFailsOfItselfBlocksTheTask(t *testing.T) {
	t.Parallel()

	b, _ := recording(t)
	b.script["guide"] = []error{errRefused}
	b.options.Decided = func(workflow.Context, saga.Decision) ([]saga.Waiver, error) { return nil, context.Canceled }
	b.execute(func(ctx workflow.Context) (saga.View, error) { return saga.Run(ctx, b.options, b.body) })
	require.ErrorContains(t, b.env.GetWorkflowError(), "the decision is not recorded")
	require.Negative(t, firstUndo(b))
}
