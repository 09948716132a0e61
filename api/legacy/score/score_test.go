package score_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/score"
)

func TestScore(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	s := score.New(func() time.Time { return now })

	for range 98 {
		s.Answered(score.Legacy, 10*time.Millisecond, false)
	}
	s.Answered(score.Legacy, time.Second, true)
	s.Answered(score.Legacy, time.Hour, false)
	s.Answered(score.Service, time.Millisecond, true)
	got := s.Summary()
	require.EqualValues(t, 100, got.Legacy.Requests)
	require.EqualValues(t, 1, got.Legacy.Errors)
	require.InDelta(t, 10, got.Legacy.P50.Milliseconds(), 1)
	require.InDelta(t, 1000, got.Legacy.P99.Milliseconds(), 10)

	legacy, service, n := s.Errors(10 * time.Second)
	require.InDelta(t, 0.01, legacy, 1e-9)
	require.InDelta(t, 1, service, 1e-9)
	require.EqualValues(t, 1, n)

	now = now.Add(9 * time.Second)
	_, service, n = s.Errors(10 * time.Second)
	require.InDelta(t, 1, service, 1e-9)
	require.EqualValues(t, 1, n)
	now = now.Add(time.Second)
	_, service, n = s.Errors(10 * time.Second)
	require.Zero(t, service, "the window has passed")
	require.Zero(t, n)
	now = now.Add(50 * time.Second)
	s.Answered(score.Service, time.Millisecond, false)
	_, service, n = s.Errors(time.Minute)
	require.Zero(t, service, "a second of an hour ago is not counted again")
	require.EqualValues(t, 1, n)
}

func TestComparisons(t *testing.T) {
	t.Parallel()
	s := score.New(time.Now)
	n, differing := s.Summary().Compared()
	require.Zero(t, n)
	require.Zero(t, differing)
	for i := range 150 {
		s.Compared(score.Differ, time.Millisecond, score.Pair{Path: string(rune('A' + i%26)), At: time.Unix(int64(i), 0)})
	}
	for range 50 {
		s.Compared(score.Match, time.Millisecond, score.Pair{})
		s.Compared(score.Dropped, 0, score.Pair{})
		s.Compared(score.Skipped, 0, score.Pair{})
	}
	n, differing = s.Summary().Compared()
	require.EqualValues(t, 200, n, "what was not compared does not count")
	require.InDelta(t, 0.75, differing, 1e-9)
	require.Len(t, s.Pairs(), 100)
	require.Equal(t, time.Unix(149, 0), s.Pairs()[0].At, "the newest first")
	require.Equal(t, time.Unix(50, 0), s.Pairs()[99].At)
}
