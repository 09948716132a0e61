package sagatest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A workflow that is told of a result and of a timer at the same instant goes on
// by which came first, and nothing that is kept says which did.
func TestATimerAndAResultAtOneInstantLeaveADoubt(t *testing.T) {
	t.Parallel()

	h := history{names: names{ids: map[string]int{}}}
	h.begin(epoch)
	require.False(t, h.inDoubt(epoch))
	h.set(epoch, time.Second)
	at := epoch.Add(time.Second)
	require.True(t, h.inDoubt(at), "it may have fired or not")
	require.False(t, h.inDoubt(at.Add(1)), "it has")

	h.begin(epoch)
	h.set(epoch, time.Second)
	h.note(epoch.Add(1), "1 succeeded", nil)
	require.False(t, h.inDoubt(at.Add(1)))
	h.note(at, "2 succeeded", nil)
	require.True(t, h.inDoubt(at.Add(time.Hour)), "for the rest of the run")
	h.begin(at)
	require.False(t, h.inDoubt(at), "a new run has forgotten it")

	h.setting = 1 // an activity's own timer tells the workflow nothing
	h.set(at, time.Second)
	h.note(at.Add(time.Second), "1 succeeded", nil)
	require.False(t, h.inDoubt(at.Add(time.Second)))
}
