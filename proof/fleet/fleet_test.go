package fleet

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARollingRestartFailsNoCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := []*instance{b.start("a1", "127.0.0.1:0", takes(20*time.Millisecond)), b.start("b1", "127.0.0.1:0", takes(20*time.Millisecond)), b.start("c1", "127.0.0.1:0", takes(20*time.Millisecond))}
	b.under(b.client, func() {
		b.answered(5, "a1", "b1", "c1")
		for n, next := range []string{"a2", "b2", "c2"} {
			old[n].stop()
			b.start(next, old[n].address, takes(20*time.Millisecond)) // where the old one was, as in a container
			b.answered(5, next)
		}
	})
	b.noneFailed()
}

func TestAKilledInstanceFailsOnlyItsCallsInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var hangs atomic.Bool
	var held atomic.Int64 // calls that the victim will not answer
	answers := takes(50 * time.Millisecond)
	victim := b.start("a", "127.0.0.1:0", func(ctx context.Context) error {
		if !hangs.Load() {
			return answers(ctx)
		}
		held.Add(1)
		<-ctx.Done()
		return ctx.Err()
	})
	b.start("b", "127.0.0.1:0", answers)
	b.start("c", "127.0.0.1:0", answers)
	var inFlight int64
	var kill, killed time.Time
	b.under(b.client, func() {
		b.answered(10, "a", "b", "c")
		hangs.Store(true)
		require.Eventually(t, func() bool { inFlight = held.Load(); return inFlight >= 5 }, patience, time.Millisecond)
		kill = time.Now()
		victim.kill()
		killed = time.Now()
		b.answered(200, "b", "c")
	})
	const noticed = 5 * time.Second // until the client has read the end of the connection, on a loaded machine
	before, after := 0, 0
	for _, f := range b.failures {
		require.Equal(t, victim.address, f.at, "%v: a call of another instance", f)
		require.False(t, f.end.Before(kill), "%v: before the kill", f)
		require.Less(t, f.start.Sub(killed), noticed, "%v: its instance was gone", f)
		if f.start.Before(kill) {
			before++
		} else {
			after++
		}
	}
	calls, _, by := b.counts()
	t.Logf("%d calls, %d in flight, failed: %d from before the kill and %d since, answers by instance: %v", calls, inFlight, before, after, by)
	require.GreaterOrEqual(t, before, int(inFlight), "a call in flight was answered by another instance")
	require.Less(t, before+after-int(held.Load()), rate/4, "beside those that it held")
}

func TestANewInstanceTakesItsShareWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	tries := 1
	if !*whole { // beside other tests it may be later
		tries = 10
	}
	b := setup(t)
	b.start("a", "127.0.0.1:0", takes(20*time.Millisecond))
	b.start("b", "127.0.0.1:0", takes(20*time.Millisecond))
	fair := func(share float64) bool { return math.Abs(share-1.0/3) <= 0.15 }
	var share float64
	b.under(b.client, func() {
		b.answered(20, "a", "b")
		b.start("c", "127.0.0.1:0", takes(20*time.Millisecond))
		for try := 1; try == 1 || try <= tries && !fair(share); try++ {
			<-time.After(2 * time.Second)
			before, _, had := b.counts()
			b.answered(60, "a", "b")
			after, _, has := b.counts()
			share = float64(has["c"]-had["c"]) / float64(after-before)
			t.Logf("share of the new one of three: %.2f", share)
		}
	})
	require.True(t, fair(share))
	b.noneFailed()
}

func TestNoCallFailsWithoutTheRegistry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := []string{"a", "b", "c"}
	for _, id := range all {
		b.start(id, "127.0.0.1:0", takes(5*time.Millisecond))
	}
	b.under(b.client, func() {
		b.answered(20, all...)
		b.broker.Stop()
		// Longer than a lease: all of them have ended when the broker is back.
		<-time.After(times(lease+2*time.Second, time.Minute))
		b.broker.Resume()
		b.answered(100, all...)
		b.start("d", "127.0.0.1:0", takes(5*time.Millisecond))
		b.answered(20, "a", "b", "c", "d")
	})
	b.noneFailed()
}

func TestAnInstanceThatFailsAtOnceGetsFewCalls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start("a", "127.0.0.1:0", takes(10*time.Millisecond))
	b.start("b", "127.0.0.1:0", takes(10*time.Millisecond))
	b.start("broken", "127.0.0.1:0", fails)
	b.under(b.client, func() { b.answered(int(times(400, 4000)), "a", "b") })
	calls, failed, answers := b.counts()
	t.Logf("%d calls, %d failed, answers by instance: %v", calls, failed, answers)
	require.Positive(t, failed)
	require.Less(t, float64(failed-5)/float64(calls), 0.05)
}

func TestASlowInstanceGetsFewerCalls(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start("a", "127.0.0.1:0", takes(5*time.Millisecond))
	b.start("b", "127.0.0.1:0", takes(5*time.Millisecond))
	b.start("slow", "127.0.0.1:0", takes(500*time.Millisecond))
	b.under(b.client, func() {
		b.answered(1, "slow")
		b.answered(200, "a", "b")
	})
	b.noneFailed()
	_, _, answers := b.counts()
	require.Less(t, 3*answers["slow"], answers["a"]+answers["b"])
}
