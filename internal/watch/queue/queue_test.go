package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnIdleWorkerCountsAsOne(t *testing.T) {
	t.Parallel()
	const patience = 30 * time.Second
	m, now := NewMonitor(nil, nil, patience), time.Now()
	require.False(t, m.unpolled("q", now.Add(-longPoll), now), "it asks again after a long poll")
	require.True(t, m.unpolled("q", now.Add(-longPoll-patience-time.Second), now))
	require.False(t, m.unpolled("never", time.Time{}, now), "its worker may start right now")
	now = now.Add(patience + time.Second)
	require.True(t, m.unpolled("never", time.Time{}, now))
	require.False(t, m.unpolled("never", now, now), "it has started")
	require.False(t, m.unpolled("never", time.Time{}, now), "and what was forgotten since begins anew")
}
