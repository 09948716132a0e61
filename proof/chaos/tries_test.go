package chaos

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/workflows"
)

// A try is lost if its key was claimed during the task that timed out.
func TestTriesOfALostTaskAreCounted(t *testing.T) {
	t.Parallel()
	h, err := replay.File("../../workflows/testdata/histories/confirmed-express-worker-killed.json")
	require.NoError(t, err)
	events := h.Events.GetEvents()
	var started, lost, again time.Time
	for _, e := range events {
		switch at := e.GetEventTime().AsTime(); e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			lost = at
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
			started, again = again, at
		}
	}
	require.True(t, started.Before(lost) && lost.Before(again))

	count := func(at time.Time, saga string) int {
		return lostTries(workflows.WorkflowID("o1"), events, map[key.Key]time.Time{
			key.New(saga, "catalog.quote"): at, key.New(saga, "inventory.reserve"): at.Add(time.Millisecond),
		})
	}
	require.Equal(t, 2, count(started.Add(time.Millisecond), "o1"))
	require.Zero(t, count(started.Add(-time.Second), "o1"), "before the task")
	require.Zero(t, count(again, "o1"), "in the one that was not lost")
	require.Zero(t, count(started.Add(time.Millisecond), "o2"), "of another order")
}
