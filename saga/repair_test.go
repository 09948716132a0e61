package saga_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// repairOutcome is the outcome of one repair.
type repairOutcome struct {
	result saga.RepairResult
	code   fault.Code // it was refused with; empty: done
	done   bool
	traced bool // it is in the history
}

// repair asks for a repair, now. Before, it tries it, and requires that the trial has told the
// truth.
func (b *testBundle) repair(q saga.RepairRequest) *repairOutcome {
	o, tried := &repairOutcome{}, b.try(q)
	refused := func(err error) {
		var app *temporal.ApplicationError
		if o.done = true; errors.As(err, &app) {
			o.code = fault.Code(app.Type())
		}
	}
	b.env.UpdateWorkflow(saga.UpdateRepair, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {
			o.traced = true
			require.Empty(b.t, tried)
		},
		OnReject: func(err error) {
			refused(err)
			require.Equal(b.t, o.code, tried.Code)
			require.Contains(b.t, err.Error(), tried.Message)
		},
		OnComplete: func(result any, err error) {
			refused(err)
			o.result, _ = result.(saga.RepairResult)
		},
	}, q)
	return o
}

// try returns the verdict on a repair that is not made.
func (b *testBundle) try(q saga.RepairRequest) (v saga.Verdict) {
	answer, err := b.env.QueryWorkflow(saga.QueryRepair, q)
	require.NoError(b.t, err)
	require.NoError(b.t, answer.Get(&v))
	return v
}

func (b *testBundle) retry(step string) saga.RepairRequest {
	return saga.RepairRequest{Saga: b.options.ID, Step: step, Action: saga.Retry, Reason: "it is back", Operator: "op_1"}
}

func (b *testBundle) skip(step string) saga.RepairRequest {
	return saga.RepairRequest{
		Saga: b.options.ID, Step: step, Action: saga.Skip,
		Reason: "it is gone for good", Operator: "op_2", Reference: "TICKET-7",
	}
}

// after runs f when the saga has run for d.
func (b *testBundle) after(d time.Duration, f func()) { b.env.RegisterDelayedCallback(f, d) }

// mend ends the script of an activity that always fails.
func (b *testBundle) mend(activity string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.always, activity)
}

// fail lets an activity fail from now on.
func (b *testBundle) fail(activity string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.always[activity] = err
}

// stuckIn is a trip that is refused at its third step and cannot undo the given ones.
func stuckIn(t *testing.T, undos ...string) *testBundle {
	t.Helper()
	b := setup(t)
	b.script["guide"] = []error{errRefused}
	for _, u := range undos {
		b.always[u] = errTransient
	}
	return b
}

func flagged(v saga.View) (steps []string) {
	for _, a := range v.Attention {
		steps = append(steps, a.Step)
	}
	slices.Sort(steps)
	return steps
}

func TestARetryCallsAgainAtOnce(t *testing.T) {
	t.Parallel()

	for activity, step := range map[string]string{
		"seat.undo": "seat", "pay.settle": "pay", "pay": "pay", "ship": "ship", "note": "note", "sorry": "sorry",
	} {
		t.Run(activity, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if slices.Contains([]string{"seat.undo", "pay.settle", "sorry"}, activity) {
				b = stuckIn(t)
			}
			b.always[activity] = errTransient
			begun := b.env.Now()
			var o *repairOutcome
			b.after(time.Hour, func() {
				require.Equal(t, []string{step}, flagged(b.query(t)))
				b.mend(activity)
				o = b.repair(b.retry(step))
			})
			v := b.run(t)
			require.True(t, o.done)
			require.Empty(t, o.code)
			require.Nil(t, o.result.Waiver)
			require.Equal(t, step, o.result.Step.Name)
			require.Less(t, b.env.Now().Sub(begun), time.Hour+time.Second, "it does not wait for the parked retry")
			require.Empty(t, v.Attention)
			require.Empty(t, v.Waivers)
			require.Equal(t, []saga.Repair{{
				Step: step, Action: saga.Retry, Reason: "it is back", Operator: "op_1", At: v.Repairs[0].At,
			}}, v.Repairs)
		})
	}
}

func TestARetryThatFailsLeavesTheFlagAsItWasSet(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "seat.undo")
	s := b.watch(t)
	b.options.NeedsAttention = &needsAttention
	var since time.Time
	b.after(time.Hour, func() {
		since = b.query(t).Attention[0].Since
		b.mu.Lock()
		b.always["seat.undo"] = errBug
		b.mu.Unlock()
		b.repair(b.retry("seat"))
	})
	b.after(time.Hour+time.Minute, func() {
		v := b.query(t)
		require.Equal(t, []saga.Attention{{Step: "seat", Code: fault.Mismatch, Kind: fault.Bug, Since: since, Owed: "seat held"}},
			v.Attention, "with what is wrong now")
		state, _ := v.Step("seat")
		require.Equal(t, saga.Flagged, state.State)
		b.mend("seat.undo")
	})
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Empty(t, v.Attention)
	require.Equal(t, []bool{true, false}, s.attention, "it was one flag")
	require.Len(t, s.of("seat.undo"), 4, "two calls until it was flagged, two after the repair")
}

func TestASkipWaivesTheUndo(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "room.undo")
	s := b.watch(t)
	b.options.NeedsAttention = &needsAttention
	var o *repairOutcome
	b.after(time.Hour, func() { o = b.repair(b.skip("room")) })
	v := b.run(t)

	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, "seat=undone room=done guide=refused pay=blocked", b.ledger("seat", "room", "guide", "pay"))
	require.Equal(t, fault.Code("NO_SEATS"), b.aborted.Code)
	want := saga.Waiver{
		Step: "room", Code: fault.Unavailable, Owed: "room held", Reason: "it is gone for good",
		Operator: "op_2", Reference: "TICKET-7", At: v.Waivers[0].At,
	}
	require.Equal(t, []saga.Waiver{want}, v.Waivers)
	require.Equal(t, &want, o.result.Waiver)
	require.Equal(t, saga.Waived, o.result.Step.State)
	require.Empty(t, o.result.Step.Exposure, "the waiver says what is owed")
	room, _ := v.Step("room")
	require.Equal(t, saga.Waived, room.State)
	require.Empty(t, v.Attention)
	require.Len(t, v.Repairs, 1)
	require.Equal(t, []bool{true, false}, s.attention)
	require.Less(t, b.count("room.undo"), 100, "it is not tried any more")
}

func TestARepairIsRefusedWithoutATrace(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 1001)
	for claim, tc := range map[string]struct {
		change func(q *saga.RepairRequest)
		want   fault.Code
	}{
		"OfAnUnknownSaga":          {func(q *saga.RepairRequest) { q.Saga = "another" }, saga.UnknownSaga},
		"OfAnUnknownStep":          {func(q *saga.RepairRequest) { q.Step = "lunch" }, saga.UnknownStep},
		"OfAStepThatIsNotStuck":    {func(q *saga.RepairRequest) { q.Step = "seat" }, saga.NotFlagged},
		"OfAStepAhead":             {func(q *saga.RepairRequest) { q.Step, q.Action = "sorry", saga.Retry }, saga.NotFlagged},
		"WithoutAReason":           {func(q *saga.RepairRequest) { q.Reason = " " }, saga.ReasonMissing},
		"WithoutAnOperator":        {func(q *saga.RepairRequest) { q.Operator = "" }, saga.OperatorMissing},
		"OfMoneyWithoutAReference": {func(q *saga.RepairRequest) { q.Reference = " " }, saga.ReferenceMissing},
		"WithAnotherAction":        {func(q *saga.RepairRequest) { q.Action = "forget" }, fault.Invalid},
		"WithALongReason":          {func(q *saga.RepairRequest) { q.Reason = long }, fault.Invalid},
		"WithALongOperator":        {func(q *saga.RepairRequest) { q.Operator = long }, fault.Invalid},
		"WithALongReference":       {func(q *saga.RepairRequest) { q.Reference = long }, fault.Invalid},
		"WithSeveralLines":         {func(q *saga.RepairRequest) { q.Reason = "a\nb" }, fault.Invalid},
		"OfAClosingStep":           {func(q *saga.RepairRequest) { q.Step = "sorry" }, saga.ClosingStep},
		"OfThePivot":               {func(q *saga.RepairRequest) { q.Step = "pay" }, saga.PivotStep},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := stuckIn(t, "room.undo")
			q := b.skip("room")
			tc.change(&q)
			var o *repairOutcome
			b.after(time.Hour, func() {
				o = b.repair(q)
				b.mend("room.undo")
			})
			v := b.run(t)
			require.Equal(t, tc.want, o.code)
			require.False(t, o.traced)
			require.Empty(t, v.Repairs)
			require.Empty(t, v.Waivers)
			require.Equal(t, "undone", b.states["room"])
		})
	}
}

func TestWhatIsFlaggedButMustHappenCannotBeSkipped(t *testing.T) {
	t.Parallel()

	for activity, want := range map[string]fault.Code{
		"guide": fault.Invalid, "pay": saga.PivotStep, "ship": saga.ClosingStep,
	} {
		t.Run(activity, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.always[activity] = errTransient
			var o *repairOutcome
			b.after(5*time.Minute, func() {
				require.Equal(t, []string{activity}, flagged(b.query(t)))
				o = b.repair(b.skip(activity))
				b.mend(activity)
			})
			require.Equal(t, saga.Committed, b.run(t).Phase)
			require.Equal(t, want, o.code)
			require.False(t, o.traced)
		})
	}
}

// The second branch keeps the saga going, so that it can be queried.
func TestASecondSkipIsTheSameSkip(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "room.undo", "seat.undo")
	var first, second, late, retry *repairOutcome
	b.after(time.Hour, func() {
		first, second = b.repair(b.skip("room")), b.repair(b.skip("room"))
	})
	b.after(2*time.Hour, func() {
		q := b.skip("room")
		q.Operator, q.Reference = "op_3", ""
		late = b.repair(q)
		retry = b.repair(b.retry("room"))
		b.mend("seat.undo")
	})
	v := b.run(t)
	require.Len(t, v.Waivers, 1)
	for _, o := range []*repairOutcome{first, second, late} {
		require.Empty(t, o.code)
		require.Equal(t, &v.Waivers[0], o.result.Waiver)
	}
	require.Equal(t, "op_2", v.Waivers[0].Operator)
	require.Equal(t, saga.NotFlagged, retry.code, "what is waived stays so")
	require.Len(t, v.Repairs, 2, "the late one found nothing to repair")
}

func TestASkipWinsOverARetryAtTheSameTime(t *testing.T) {
	t.Parallel()

	for claim, skipFirst := range map[string]bool{"Before": true, "After": false} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := stuckIn(t, "room.undo")
			var skip, retry *repairOutcome
			b.after(time.Hour, func() {
				if skipFirst {
					skip = b.repair(b.skip("room"))
				}
				retry = b.repair(b.retry("room"))
				if !skipFirst {
					skip = b.repair(b.skip("room"))
				}
			})
			v := b.run(t)
			require.Len(t, v.Waivers, 1)
			require.True(t, skip.done)
			require.True(t, retry.done)
			require.Empty(t, skip.code)
			require.Empty(t, retry.code)
			require.Equal(t, saga.Waived, retry.result.Step.State)
			require.Len(t, v.Repairs, 2)
		})
	}
}

func TestARepairOfOneFlaggedStepLeavesTheOther(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "room.undo", "seat.undo")
	b.after(time.Hour, func() {
		require.Equal(t, []string{"room", "seat"}, flagged(b.query(t)))
		b.repair(b.skip("room"))
	})
	b.after(2*time.Hour, func() {
		v := b.query(t)
		require.Equal(t, []string{"seat"}, flagged(v))
		require.Equal(t, saga.Compensating, v.Phase, "a saga with a flagged step does not end")
		b.mend("seat.undo")
		b.repair(b.retry("seat"))
	})
	v := b.run(t)
	require.Equal(t, "seat=undone room=done", b.ledger("seat", "room"))
	require.Len(t, v.Waivers, 1)
	require.Len(t, v.Repairs, 2)
}

func TestARepairNamesItsSaga(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "room.undo")
	second := b.options
	second.ID = "trip-2"
	var o *repairOutcome
	b.after(time.Hour, func() {
		q := b.skip("room")
		q.Saga = "trip-2"
		o = b.repair(q)
		b.mend("room.undo")
	})
	var views [2]saga.View
	b.execute(func(ctx workflow.Context) error {
		ctx, err := saga.Host(ctx)
		if err != nil {
			return err
		}
		wg := workflow.NewWaitGroup(ctx)
		for i, options := range []saga.Options{b.options, second} {
			wg.Go(ctx, func(ctx workflow.Context) { views[i], err = saga.Run(ctx, options, b.body) })
		}
		wg.Wait(ctx)
		return err
	})
	require.NoError(t, b.env.GetWorkflowError())
	require.Empty(t, o.code)
	require.Empty(t, views[0].Waivers)
	require.Empty(t, views[0].Repairs)
	require.Len(t, views[1].Waivers, 1)
	require.Equal(t, "room held", views[1].Waivers[0].Owed)
}

func TestAWaiverIsNoMarkup(t *testing.T) {
	t.Parallel()

	b := stuckIn(t, "room.undo", "seat.undo")
	b.after(time.Hour, func() {
		q := b.skip("room")
		q.Reason = "`<b>`|x"
		b.repair(q)
	})
	b.after(2*time.Hour, func() { b.mend("seat.undo") })
	require.Contains(t, b.detailsAt(t, 90*time.Minute), "\n**Waived**: room, `UNAVAILABLE`, by `op_2` because of `'<b>'|x`, see `TICKET-7` at ")
}
