package events

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestABacklogWarnsOfEventsThatWait(t *testing.T) {
	t.Parallel()
	b := NewBacklog("order", nil)
	b.Waiting(3, lateAfter, 0)
	require.Empty(t, b.Warnings())
	b.Waiting(3, lateAfter+time.Second, 2)
	require.Equal(t, []string{
		"3 events of order wait for the broker, the oldest for 31s", "the broker has refused 2 events of order",
	}, b.Warnings())
	b.Waiting(0, 0, 0)
	require.Empty(t, b.Warnings())
}
