package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/order"
)

// late runs an order whose parcels cannot be booked, and returns its record, and how
// long after its start it was decided.
func (b *testBundle) late(t *testing.T) (order.Record, time.Duration) {
	t.Helper()
	start := b.env.Now()
	b.Bind(away{b.env, "shipping.book"})
	v := b.run(t)
	require.Equal(t, order.Deadline, v.Reason)
	record, err := b.Orders.Get(t.Context(), v.ID)
	require.NoError(t, err)
	return record, record.DecidedAt.Sub(start)
}

func TestTheDeadlineCountsFromTheStartByTheEnginesClock(t *testing.T) {
	t.Parallel()

	for name, ahead := range map[string]time.Duration{
		"TheCallersClockIsRight": 0, "TheCallersClockIsAhead": 15 * time.Minute, "TheCallersClockIsBehind": -15 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			start := b.env.Now().UTC().Truncate(time.Microsecond)
			b.in.DecideAfter = 4 * time.Minute
			b.in.Placement.PlacedAt = start.Add(ahead)
			b.in.Placement.DecideBy = start.Add(ahead + 10*time.Minute)
			record, after := b.late(t)
			require.InDelta(t, 4*time.Minute.Seconds(), after.Seconds(), 30)
			require.Equal(t, start, record.CreatedAt)
			require.Equal(t, start, record.Placement.PlacedAt)
			require.Equal(t, start.Add(4*time.Minute), record.Placement.DecideBy)
			require.WithinDuration(t, b.env.Now(), record.UpdatedAt, time.Second, "its end too")
		})
	}
}

// An input of v0.1.0 has no duration: the code of its first run has compared the
// caller's time with the engine's, and so must every replay.
func TestAnInputOfTheFirstReleaseKeepsItsDeadline(t *testing.T) {
	t.Parallel()

	t.Run("WhichPassesLater", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.in.Placement.PlacedAt = b.env.Now().Add(-15 * time.Minute)
		b.in.Placement.DecideBy = b.env.Now().Add(3 * time.Minute).UTC().Truncate(time.Microsecond)
		record, after := b.late(t)
		require.InDelta(t, 3*time.Minute.Seconds(), after.Seconds(), 30)
		require.Equal(t, b.in.Placement.DecideBy, record.Placement.DecideBy)
	})

	t.Run("WhichHasPassedAtItsStart", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.in.Placement.PlacedAt = b.env.Now().Add(-15 * time.Minute)
		b.in.Placement.DecideBy = b.env.Now().Add(-5 * time.Minute)
		timers := 0
		b.env.SetOnTimerScheduledListener(func(string, time.Duration) { timers++ })
		v := b.run(t)
		require.Equal(t, order.Deadline, v.Reason)
		require.Zero(t, timers, "a timer would not fit its history")
	})
}
