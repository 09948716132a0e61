package place

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPace(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	under := func(took time.Duration) *pace { // a load whose records take that long
		p := &pace{}
		for range 20 {
			p.found(now, took)
		}
		return p
	}
	// looks returns how often a record is looked for that takes a time, and how late it is found.
	looks := func(p *pace, took time.Duration) (n int, late time.Duration) {
		at, again := p.looks(now)
		for pause := again.First; ; pause = min(2*pause, again.Most) {
			if n++; at >= took {
				return n, at - took
			}
			at += pause
		}
	}

	t.Run("LooksAtOnceOnAnIdlePlatform", func(t *testing.T) {
		t.Parallel()
		for _, idle := range []*pace{{}, under(450 * time.Millisecond)} {
			head, again := idle.looks(now.Add(fresh + time.Millisecond))
			require.Zero(t, head)
			require.Equal(t, firstPause, again.First)
			require.Equal(t, mostPause, again.Most)
		}
	})

	t.Run("LooksSeldomUnderLoad", func(t *testing.T) {
		t.Parallel()
		before, _ := looks(&pace{}, 450*time.Millisecond)
		n, late := looks(under(450*time.Millisecond), 450*time.Millisecond)
		require.Equal(t, []int{10, 4}, []int{before, n})
		require.LessOrEqual(t, late, mostPause)
	})

	t.Run("FindsAQuickRecordSoon", func(t *testing.T) {
		t.Parallel()
		n, late := looks(under(20*time.Millisecond), 20*time.Millisecond)
		require.LessOrEqual(t, n, 4)
		require.LessOrEqual(t, late, 5*time.Millisecond)
	})

	t.Run("ForgetsOneSlowOrder", func(t *testing.T) {
		t.Parallel()
		p := under(20 * time.Millisecond)
		p.found(now, 10*time.Second)
		for range 12 {
			head, _ := p.looks(now)
			require.LessOrEqual(t, head, mostHead)
			p.found(now, max(head, 20*time.Millisecond)) // it was there before it was looked for
		}
		head, _ := p.looks(now)
		require.Less(t, head, 50*time.Millisecond)
	})
}
