package state

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A workflow that is told of a result and of a timer at the same instant goes on
// by which came first, and nothing that is kept says which did.
func TestATimerAndAResultAtOneInstantLeaveADoubt(t *testing.T) {
	t.Parallel()

	epoch := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	r := Run{Names: NewAliases("2026-05-01")}
	r.Begin(epoch)
	require.False(t, r.InDoubt(epoch))
	r.Set(epoch, time.Second)
	at := epoch.Add(time.Second)
	require.True(t, r.InDoubt(at), "it may have fired or not")
	require.False(t, r.InDoubt(at.Add(1)), "it has")

	r.Begin(epoch)
	r.Set(epoch, time.Second)
	r.Note(epoch.Add(1), "1 succeeded", nil)
	require.False(t, r.InDoubt(at.Add(1)))
	r.Note(at, "2 succeeded", nil)
	require.True(t, r.InDoubt(at.Add(time.Hour)), "for the rest of the run")
	r.Begin(at)
	require.False(t, r.InDoubt(at), "a new run has forgotten it")

	r.Setting(&Flight{ID: 1}) // an activity's own timer tells the workflow nothing
	r.Set(at, time.Second)
	r.Note(at.Add(time.Second), "1 succeeded", nil)
	require.False(t, r.InDoubt(at.Add(time.Second)))
}
