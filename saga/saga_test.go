package saga_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

func TestCommitsWhenEveryStepSucceeds(t *testing.T) {
	t.Parallel()

	b := setup(t)
	v := b.run(t)

	require.Equal(t, saga.Committed, v.Phase)
	require.Empty(t, v.Attention)
	for _, name := range []string{"price", "seat", "room", "guide", "pay", "ship", "note"} {
		s, ok := v.Step(name)
		require.True(t, ok, name)
		require.Equal(t, saga.Done, s.State, name)
		require.Equal(t, 1, s.Attempts, name)
		require.Equal(t, 1, b.count(name), name)
	}
	_, ok := v.Step("sorry")
	require.False(t, ok, "the other end is not part of a saga that went well")
	require.Nil(t, b.aborted)
	require.Equal(t, -1, b.first("pay.settle"), "nothing is settled when nothing is undone")
}

// The whole plan but the refused step is undone, the started ones in reverse.
func TestUndoesThePlanWhenAStepIsRefused(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		refused, ledger string
	}{
		{"price", "seat=blocked room=blocked guide=blocked pay=blocked"},
		{"seat", "seat=refused room=undone guide=blocked pay=blocked"},
		{"room", "seat=undone room=refused guide=blocked pay=blocked"},
		{"guide", "seat=undone room=undone guide=refused pay=blocked"},
		{"pay", "seat=undone room=undone guide=undone pay=refused"},
	} {
		t.Run(tc.refused, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.script[tc.refused] = []error{errRefused}
			v := b.run(t)

			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, fault.Code("NO_SEATS"), v.Reason)
			require.Equal(t, &saga.Decision{Code: "NO_SEATS", Kind: fault.Business, Step: tc.refused}, b.aborted)
			if tc.refused == "seat" || tc.refused == "room" { // the sibling may have been stopped before it began
				require.Contains(t, []string{tc.ledger, swap(tc.ledger, "=undone", "=blocked")}, b.ledger("seat", "room", "guide", "pay"))
			} else {
				require.Equal(t, tc.ledger, b.ledger("seat", "room", "guide", "pay"))
			}
			require.Equal(t, -1, b.first(tc.refused+".undo"), "a refused step has nothing to undo")
			require.Equal(t, -1, b.first("ship"))
			require.Equal(t, "done", b.states["sorry"])
			require.Equal(t, "sorry", b.calls[len(b.calls)-1], "the closing step comes after all undo")
			if tc.refused == "pay" {
				require.Less(t, b.first("guide.undo"), min(b.first("seat.undo"), b.first("room.undo")), "reverse start order")
				require.Equal(t, -1, b.first("pay.settle"), "its refusal is recorded")
			} else {
				require.Less(t, b.first("pay.settle"), firstUndo(b), "the pivot is settled before anything is undone")
			}
		})
	}
}

func TestDeadlineDecidesAgainstASagaThatCannotGoOn(t *testing.T) {
	t.Parallel()

	for _, at := range []string{"price", "seat", "guide"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.always[at] = errTransient
			v := b.run(t)
			require.Equal(t, saga.Aborted, v.Phase)
			require.Equal(t, saga.Deadline, v.Reason)
			require.Greater(t, b.count(at), 10, "it was retried until decide-by")
			require.Equal(t, "blocked", b.states["pay"])
		})
	}

	t.Run("AlreadyPassed", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.options.DecideBy = b.env.Now().Add(-time.Hour)
		v := b.run(t)
		require.Equal(t, saga.Aborted, v.Phase)
		require.Equal(t, saga.Deadline, v.Reason)
		require.Equal(t, -1, b.first("price"), "no step starts")
	})

	t.Run("NotOnceThePivotIsScheduled", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.always["pay"] = errTransient
		b.env.RegisterDelayedCallback(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.always, "pay")
		}, 30*time.Minute)
		require.Equal(t, saga.Committed, b.run(t).Phase)
	})
}

func TestTransientFailuresAreRetried(t *testing.T) {
	t.Parallel()

	b := setup(t)
	for _, s := range []string{"price", "seat", "guide", "pay", "ship", "note"} {
		b.script[s] = []error{errTransient, errTransient}
	}
	v := b.run(t)
	require.Equal(t, saga.Committed, v.Phase)
	for _, s := range []string{"price", "seat", "guide", "pay", "ship"} {
		st, _ := v.Step(s)
		require.Equal(t, 3, st.Attempts, s)
	}
}

// After a reset, decide-by may have passed while the pivot has happened long ago.
func TestGoesForwardWhenThePivotHasHappened(t *testing.T) {
	t.Parallel()

	for name, stop := range map[string]func(b *testBundle){
		"AndDecideByHasPassed": func(b *testBundle) { b.options.DecideBy = b.env.Now().Add(-time.Hour) },
		"AndItIsCanceled":      func(b *testBundle) { b.cancelIn("seat") },
		"AndABugStopsIt":       func(b *testBundle) { b.script["guide"] = []error{errBug} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for _, s := range []string{"price", "seat", "room", "guide", "pay"} { // by an earlier run
				b.states[s] = "done"
			}
			stop(b)
			v := b.run(t)
			require.Equal(t, saga.Committed, v.Phase)
			require.Empty(t, v.Reason)
			require.Equal(t, "seat=done room=done guide=done pay=done ship=done note=done",
				b.ledger("seat", "room", "guide", "pay", "ship", "note"))
			require.Equal(t, -1, firstUndo(b), "nothing is undone")
		})
	}
}

func TestNothingIsUndoneWhileNobodyCanTellWhetherThePivotHappened(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["guide"] = []error{errRefused}
	b.always["pay.settle"] = fault.Errorf(fault.Unknown, fault.Timeout, "the provider does not answer")
	b.env.RegisterDelayedCallback(func() {
		v := b.query(t)
		require.Equal(t, saga.Settling, v.Phase)
		require.Len(t, v.Attention, 1)
		require.Equal(t, "pay", v.Attention[0].Step)
		require.Equal(t, fault.Timeout, v.Attention[0].Code)
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Equal(t, -1, firstUndo(b))
		delete(b.always, "pay.settle")
	}, time.Hour)
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Empty(t, v.Attention, "it healed")
}

func TestAnUndoThatFailsIsFlaggedAndHeals(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["pay"] = []error{errRefused}
	b.always["guide.undo"] = errTransient
	b.env.RegisterDelayedCallback(func() {
		v := b.query(t)
		g, _ := v.Step("guide")
		require.Equal(t, saga.Flagged, g.State)
		require.Equal(t, fault.Unavailable, g.Error)
		require.Equal(t, "guide booked", g.Exposure)
		require.Equal(t, []saga.Attention{{Step: "guide", Code: fault.Unavailable, Kind: fault.Transient, Since: v.Attention[0].Since, Owed: "guide booked"}}, v.Attention)
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Equal(t, "seat=undone room=undone", b.ledger("seat", "room"), "the other branches go on")
		require.Equal(t, -1, b.first("sorry"), "the saga does not end while a step is owed")
		delete(b.always, "guide.undo")
	}, 24*time.Hour)
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Empty(t, v.Attention)
	require.Equal(t, "undone", b.states["guide"])
	require.Less(t, b.count("guide.undo"), 400, "a flagged step is retried slowly")
}

func TestAClosingStepThatFailsIsFlaggedAndHeals(t *testing.T) {
	t.Parallel()

	for _, step := range []string{"ship", "note", "sorry"} {
		for _, kind := range []*fault.Error{errTransient, errBug, errRefused} {
			t.Run(step+"/"+string(kind.Kind), func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				if step == "sorry" {
					b.script["pay"] = []error{errRefused}
				}
				b.script[step] = slices.Repeat([]error{kind}, 30)
				if kind == errRefused { // for a closing step a bug, so the world does not record it
					b.script[step] = slices.Repeat([]error{fault.Errorf(fault.Bug, kind.Code, "refused")}, 30)
				}
				v := b.run(t)
				require.Contains(t, []saga.Phase{saga.Committed, saga.Aborted}, v.Phase)
				require.Empty(t, v.Attention)
				require.Equal(t, "done", b.states[step])
				require.Equal(t, 31, b.count(step))
			})
		}
	}
}

func TestABugIsUndoneAndFlagged(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["guide"] = []error{errBug}
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, fault.Mismatch, v.Reason)
	require.Len(t, v.Attention, 1, "a person must look, although everything is undone")
	require.Equal(t, "guide", v.Attention[0].Step)
	require.Equal(t, "seat=undone room=undone", b.ledger("seat", "room"))
}

func TestASuspendedStepAbortsWhatAnEarlierRunDecided(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.states["price"], b.states["seat"], b.states["room"] = "done", "undone", "undone"
	b.states["guide"], b.states["pay"] = "blocked", "blocked"
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, fault.Suspended, v.Reason)
	require.Empty(t, v.Attention)
}

func TestTheFirstReasonByStartOrderCounts(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["seat"] = []error{fault.Errorf(fault.Business, "NO_SEAT", "")}
	b.script["room"] = []error{fault.Errorf(fault.Business, "NO_ROOM", "")}
	v := b.run(t)
	want := fault.Code("NO_SEAT")
	if seat, _ := v.Step("seat"); seat.State != saga.Refused { // stopped by the room's refusal before its own was heard
		want = "NO_ROOM"
	}
	require.Equal(t, want, v.Reason)
}

// A closing step that is suspended means that another run has ended the saga.
func TestWhatSomebodyElseEndedIsDone(t *testing.T) {
	t.Parallel()

	suspended := fault.Errorf(fault.Suspension, fault.Suspended, "decided elsewhere")

	t.Run("ByClosing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		s := b.watch(t)
		b.always["ship"] = suspended
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.Len(t, s.of("ship"), 1)
	})

	t.Run("ByUndo", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		s := b.watch(t)
		b.script["pay"] = []error{errRefused}
		b.always["guide.undo"] = suspended
		v := b.run(t)
		g, _ := v.Step("guide")
		require.Equal(t, saga.Undone, g.State)
		require.Len(t, s.of("guide.undo"), 1)
	})
}

func TestTheBodysOwnErrorIsADecision(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, seat, 1); err != nil {
			return err
		}
		return fault.Errorf(fault.Business, "CHANGED_MY_MIND", "")
	}
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, fault.Code("CHANGED_MY_MIND"), v.Reason)
	require.Equal(t, "undone", b.states["seat"])
}

func TestAPromiseThatNobodyReadsStillCounts(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.body = func(ctx workflow.Context) error {
		saga.Go(ctx, seat, 1)
		_, err := saga.Do(ctx, pay, 1)
		return err
	}
	b.script["seat"] = []error{errTransient, errRefused}
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, -1, b.first("pay"), "the pivot waits for every step before it")
}

// query asks for the saga's progress from inside a callback.
func (b *testBundle) query(t *testing.T) saga.View {
	t.Helper()
	value, err := b.env.QueryWorkflow(saga.QuerySaga, b.options.ID)
	require.NoError(t, err)
	var v saga.View
	require.NoError(t, value.Get(&v))
	return v
}

func firstUndo(b *testBundle) int {
	return slices.IndexFunc(b.calls, func(c string) bool {
		return c == "seat.undo" || c == "room.undo" || c == "guide.undo"
	})
}

func swap(s, from, to string) string {
	for i := 0; i+len(from) <= len(s); i++ {
		if s[i:i+len(from)] == from {
			return s[:i] + to + s[i+len(from):]
		}
	}
	return s
}
