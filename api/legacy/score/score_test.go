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

	answered := func(by score.Side, took time.Duration, failed bool) { s.Begin(by, 0, nil).Answered(took, failed) }
	for range 98 {
		answered(score.Legacy, 10*time.Millisecond, false)
	}
	answered(score.Legacy, time.Second, true)
	answered(score.Legacy, time.Hour, false)
	answered(score.Service, time.Millisecond, true)
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
	answered(score.Service, time.Millisecond, false)
	_, service, n = s.Errors(time.Minute)
	require.Zero(t, service, "a second of an hour ago is not counted again")
	require.EqualValues(t, 1, n)
}

// TestALateRequestCountsOnce: before it ends, and not again when it does.
func TestALateRequestCountsOnce(t *testing.T) {
	t.Parallel()
	s := score.New(time.Now)
	late := make(chan struct{})
	f := s.Begin(score.Service, time.Millisecond, func() { close(late) })
	<-late
	_, service, n := s.Errors(time.Minute)
	require.InDelta(t, 1, service, 1e-9)
	require.EqualValues(t, 1, n)
	require.Zero(t, s.Summary().Service, "it is not answered yet")

	f.Answered(time.Second, false)
	_, service, n = s.Errors(time.Minute)
	require.InDelta(t, 1, service, 1e-9, "that it succeeded comes too late")
	require.EqualValues(t, 1, n)
	require.EqualValues(t, 1, s.Summary().Service.Requests)
	require.Zero(t, s.Summary().Service.Errors, "and yet it was no error")

	early := s.Begin(score.Service, time.Hour, func() { t.Error("it has begun") })
	early.Begun()
	early.Answered(time.Second, false)
	_, service, n = s.Errors(time.Minute)
	require.InDelta(t, 0.5, service, 1e-9)
	require.EqualValues(t, 2, n)
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
