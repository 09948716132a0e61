package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
)

// A saga whose workflow is lost is resumed in undo mode: the steps that its last run
// has done are unknown.
func TestASagaThatIsDecidedAgainstFromTheStart(t *testing.T) {
	t.Parallel()

	t.Run("UndoesWhatAnEarlierRunDid", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.options.Against = saga.Deadline
		b.states["seat"], b.states["guide"] = "done", "refused"
		v := b.run(t)
		require.Equal(t, saga.Aborted, v.Phase)
		require.Equal(t, saga.Deadline, v.Reason)
		require.Equal(t, saga.Decision{Code: saga.Deadline, Kind: "business"}, *b.aborted)
		require.Equal(t, "seat=undone room=blocked guide=refused pay=blocked", b.ledger("seat", "room", "guide", "pay"))
		require.Equal(t, "pay.settle", b.calls[0], "before anything is undone")
		for _, do := range []string{"price", "seat", "room", "guide", "pay", "ship"} {
			require.Zero(t, b.count(do), "%s: the body is not run", do)
		}
	})

	t.Run("GoesForwardIfThePivotHappened", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.options.Against = saga.Deadline
		for _, step := range []string{"price", "seat", "room", "guide", "pay"} {
			b.states[step] = "done"
		}
		v := b.run(t)
		require.Equal(t, saga.Committed, v.Phase)
		require.Empty(t, v.Reason)
		require.Equal(t, "done", b.states["ship"])
		require.Equal(t, "done", b.states["note"])
		require.Negative(t, firstUndo(b))
	})

	t.Run("WaitsAsLongAsNobodyCanTell", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.options.Against, b.states["pay"] = saga.Deadline, "done"
		b.always["pay.settle"] = errUnknown
		begun := b.env.Now()
		var refused, retried *repairOutcome
		b.after(time.Hour, func() {
			require.Equal(t, []string{"pay"}, flagged(b.query(t)))
			require.Equal(t, "money taken", b.query(t).Attention[0].Owed, "maybe")
			refused = b.repair(b.skip("pay"))
			b.mend("pay.settle")
			retried = b.repair(b.retry("pay"))
		})
		require.Equal(t, saga.Committed, b.run(t).Phase)
		require.Equal(t, saga.PivotStep, refused.code)
		require.Empty(t, retried.code)
		require.Less(t, b.env.Now().Sub(begun), time.Hour+time.Second)
	})

	t.Run("LeavesAloneWhatAnEarlierRunHasWaived", func(t *testing.T) {
		t.Parallel()
		b, _ := recording(t, slept)
		b.options.Against = saga.Deadline
		b.states["seat"], b.states["room"] = "done", "done"
		v := b.run(t)
		require.Equal(t, saga.Aborted, v.Phase)
		require.Equal(t, "seat=undone room=done", b.ledger("seat", "room"))
		require.Zero(t, b.count("room.undo"))
		require.Equal(t, []saga.Waiver{slept}, v.Waivers)
		room, _ := v.Step("room")
		require.Equal(t, saga.Waived, room.State)
	})

	t.Run("HasNoTimer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.options.Against = saga.Deadline
		timers := 0
		b.env.SetOnTimerScheduledListener(func(string, time.Duration) { timers++ })
		b.run(t)
		require.Zero(t, timers)
	})
}
