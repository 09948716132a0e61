package eventtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
)

func carriesTheWholeMessage(t *testing.T, b *bench) {
	want := b.message("order-1", 0)
	want.Header = map[string]string{
		"ce-id": want.ID, "ce-partitionkey": want.Key, "ce-subject": "ä %\n\"x\" ", "content-type": "application/json",
	}
	want.Data = []byte(`{"units":3}`)
	first, err := b.bus.Publish(t.Context(), []event.Message{want, b.message("order-1", 1)})
	require.NoError(t, err)
	second, err := b.bus.Publish(t.Context(), []event.Message{b.message("order-1", 2)})
	require.NoError(t, err)
	if _, ok := b.bus.(event.Tail); ok {
		require.Less(t, first[0], first[1], "positions grow")
		require.Less(t, first[1], second[0], "positions grow")
	}
	var h heard
	b.consume(t, b.bus, b.group, h.handle)
	h.waitFor(t, 3)
	require.Equal(t, want, h.all[0])
}

func startsAGroupWithTheOldest(t *testing.T, b *bench) {
	ids := b.publish(t, "k", 5)
	var h heard
	b.consume(t, b.bus, b.group, h.handle)
	h.waitFor(t, 5)
	require.Equal(t, ids, h.ids(""))
}

func keepsTheOrderOfAKeyThroughErrors(t *testing.T, b *bench) {
	const keys, each = 5, 40
	want := map[string][]string{}
	for n := range each {
		var batch []event.Message
		for k := range keys {
			m := b.message(fmt.Sprint("key", k), n)
			batch = append(batch, m)
			want[m.Key] = append(want[m.Key], m.ID)
		}
		_, err := b.bus.Publish(t.Context(), batch)
		require.NoError(t, err)
	}
	var h heard
	var calls atomic.Int64
	b.consume(t, b.bus, b.group, func(ctx context.Context, batch []event.Message) error {
		if calls.Add(1)%2 == 1 {
			return errPlanted
		}
		return h.handle(ctx, batch)
	})
	h.waitFor(t, keys*each)
	for key, ids := range want {
		require.Equal(t, ids, h.ids(key))
	}
}

func deliversAgainAfterAnError(t *testing.T, b *bench) {
	ids := b.publish(t, "k", 3)
	var h heard
	var failures atomic.Int64
	b.consume(t, b.bus, b.group, func(ctx context.Context, batch []event.Message) error {
		if failures.Add(1) <= 3 {
			return errPlanted
		}
		return h.handle(ctx, batch)
	})
	h.waitFor(t, 3)
	require.Equal(t, ids, h.ids(""))
}

// deliversAgainAfterADeath cuts a consumer's connection while it handles a batch.
func deliversAgainAfterADeath(t *testing.T, b *bench) {
	ids := b.publish(t, "k", 3)
	dying := open(t, b.Broker)
	handling := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Its bus is closed and its context ended at once: nil and an error are right.
		_ = dying.Consume(ctx, b.group, []string{b.topic}, func(ctx context.Context, _ []event.Message) error {
			select {
			case handling <- struct{}{}:
			default: // again, in the moment between its death and its end
			}
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	select {
	case <-handling:
	case <-time.After(patience):
		require.Fail(t, "the first consumer heard nothing")
	}
	dying.Close()
	cancel()
	<-done
	var h heard
	b.consume(t, b.bus, b.group, h.handle)
	h.waitFor(t, 3)
	require.Equal(t, ids, h.ids(""))
}

func continuesBehindTheAcknowledged(t *testing.T, b *bench) {
	b.publish(t, "first", 3)
	var h heard
	stop := b.consume(t, b.bus, b.group, h.handle)
	h.waitFor(t, 3)
	stop()
	ids := b.publish(t, "second", 3)
	var rest heard
	b.consume(t, b.bus, b.group, rest.handle)
	require.Eventually(t, func() bool { return len(rest.ids("second")) == 3 }, patience, 5*time.Millisecond)
	require.Equal(t, ids, rest.ids("second"))
	require.Empty(t, rest.ids("first"), "acknowledged ones again")
}

// sharesAGroup has three consumers of one group, each of which fails every other batch
// while the messages arrive one by one.
func sharesAGroup(t *testing.T, b *bench) {
	const keys, each = 2, 60
	var all heard
	var calls atomic.Int64
	for range 3 {
		b.consume(t, open(t, b.Broker), b.group, func(ctx context.Context, batch []event.Message) error {
			if calls.Add(1)%2 == 1 {
				return errPlanted
			}
			return all.handle(ctx, batch)
		})
	}
	want := map[string][]string{}
	for n := range each {
		for k := range keys {
			m := b.message(fmt.Sprint("key", k), n)
			want[m.Key] = append(want[m.Key], m.ID)
			_, err := b.bus.Publish(t.Context(), []event.Message{m})
			require.NoError(t, err)
		}
	}
	all.waitFor(t, keys*each)
	for key, ids := range want {
		require.Equal(t, ids, all.ids(key))
	}
}

func givesEveryGroupEveryMessage(t *testing.T, b *bench) {
	var groups [3]heard
	for i := range groups {
		b.consume(t, b.bus, fmt.Sprint(b.group, i), groups[i].handle)
	}
	ids := b.publish(t, "k", 10)
	for i := range groups {
		groups[i].waitFor(t, 10)
		require.Equal(t, ids, groups[i].ids(""))
	}
}

func deliversOnlyTheTopics(t *testing.T, b *bench) {
	var want []string
	for i, topic := range []string{b.topic, b.topic + "_else", "evt.other" + b.group + ".happened", b.topic} {
		m := b.message("k", i)
		m.Topic = topic
		_, err := b.bus.Publish(t.Context(), []event.Message{m})
		require.NoError(t, err)
		if topic != b.topic+"_else" {
			want = append(want, m.ID)
		}
	}
	var h heard
	b.consume(t, b.bus, b.group, h.handle, b.topic, "evt.other"+b.group+".happened")
	h.waitFor(t, len(want))
	require.ElementsMatch(t, want, h.ids(""))
}

// deliversAStyle has a fact of three styles, and keys that look like one.
func deliversAStyle(t *testing.T, b *bench) {
	ours := b.topic + ".ours"
	want := map[string][]string{}
	for n, topic := range []string{b.topic, ours, b.topic + ".others", ours, b.topic} {
		for _, key := range []string{"k", "ours", "others"} {
			m := b.message(key, n)
			m.Topic = topic
			_, err := b.bus.Publish(t.Context(), []event.Message{m})
			require.NoError(t, err)
			for _, heard := range []string{topic, b.topic + "/all"} {
				want[heard] = append(want[heard], m.ID)
			}
		}
	}
	var all, styled heard
	b.consume(t, b.bus, b.group, all.handle)
	b.consume(t, b.bus, b.group+"styled", styled.handle, ours)
	all.waitFor(t, len(want[b.topic+"/all"]))
	styled.waitFor(t, len(want[ours]))
	for _, key := range []string{"k", "ours", "others"} {
		require.Len(t, all.ids(key), 5)
	}
	require.ElementsMatch(t, want[b.topic+"/all"], all.ids(""))
	require.ElementsMatch(t, want[ours], styled.ids(""))
	require.Equal(t, ours, styled.all[0].Topic)

	// It goes on behind a message that it does not hear.
	last := b.message("k", 9)
	last.Topic = ours
	_, err := b.bus.Publish(t.Context(), []event.Message{b.message("k", 8), last})
	require.NoError(t, err)
	styled.waitFor(t, len(want[ours])+1)
	require.ElementsMatch(t, append(want[ours], last.ID), styled.ids(""))
}

func takesAnyKey(t *testing.T, b *bench) {
	keys := []string{
		"plain", "with.dot", "with space", "a/b", "*", ">", "%2E", "ä-ö-日本", "tab\tnewline\n", "$JS", ".", "..",
		strings.Repeat("x", 255), strings.Repeat("é", 127),
	}
	for _, key := range keys {
		b.publish(t, key, 1)
	}
	var h heard
	b.consume(t, b.bus, b.group, h.handle)
	h.waitFor(t, len(keys))
	got := map[string]bool{} // a slow consumer hears a message again
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.all {
		got[m.Key] = true
	}
	require.ElementsMatch(t, keys, slices.Collect(maps.Keys(got)))
}

func endsWithItsContext(t *testing.T, b *bench) {
	b.publish(t, "k", 1)
	var h heard
	stop := b.consume(t, b.bus, b.group, h.handle)
	h.waitFor(t, 1)
	stop() // requires nil
}

func tellsWhatItHolds(t *testing.T, b *bench) {
	tail := b.bus.(event.Tail) //nolint:errcheck // the claim is that of a Tail
	m := b.message("k", 0)
	positions, err := b.bus.Publish(t.Context(), []event.Message{m})
	require.NoError(t, err)
	last, err := tail.Last(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, last, positions[0])
	require.Less(t, last, positions[0]+1_000_000)
	for _, c := range []struct {
		position uint64
		id       string
		want     bool
	}{{positions[0], m.ID, true}, {positions[0], "another", false}, {positions[0] + 1_000_000, m.ID, false}, {0, m.ID, false}} {
		holds, err := tail.Holds(t.Context(), c.position, c.id)
		require.NoError(t, err)
		require.Equal(t, c.want, holds, "%+v", c)
	}
}

func tellsTheOldest(t *testing.T, b *bench) {
	gauge := b.bus.(event.Gauge) //nolint:errcheck // the claim is that of a Gauge
	topics := []string{b.topic + ".ours", b.topic + "_else"}
	oldest := func() time.Time {
		t.Helper()
		at, err := gauge.Oldest(t.Context(), b.group, topics)
		require.NoError(t, err)
		return at
	}
	tell := func(n int, topic string) {
		t.Helper()
		m := b.message("k", n)
		m.Topic = topic
		_, err := b.bus.Publish(t.Context(), []event.Message{m})
		require.NoError(t, err)
	}
	require.Zero(t, oldest(), "there is none")
	tell(0, b.topic)
	require.Zero(t, oldest(), "it is on another topic")
	tell(1, b.topic+".ours")
	first := oldest()
	require.NotZero(t, first, "of a group that has never listened")
	tell(2, b.topic+"_else")
	require.Equal(t, first, oldest())

	var h heard
	stop := b.consume(t, b.bus, b.group, h.handle, topics...)
	require.Eventually(t, func() bool { return oldest().IsZero() }, patience, 5*time.Millisecond)
	stop()
	tell(3, b.topic)
	require.Zero(t, oldest())
	tell(4, topics[1])
	require.True(t, oldest().After(first))
	var failures atomic.Int64
	b.consume(t, b.bus, b.group, func(context.Context, []event.Message) error {
		failures.Add(1)
		return errPlanted
	}, topics...)
	require.Eventually(t, func() bool { return failures.Load() > 2 }, patience, 5*time.Millisecond)
	require.NotZero(t, oldest(), "it is delivered, not handled")
}

func rings(t *testing.T, b *bench) {
	bell := b.bus.(event.Bell)              //nolint:errcheck // the claim is that of a Bell
	other := open(t, b.Broker).(event.Bell) //nolint:errcheck // of the same type
	var rung atomic.Int64
	stop, err := other.OnRing(b.group, func() { rung.Add(1) })
	require.NoError(t, err)
	require.Eventually(t, func() bool { bell.Ring(b.group); return rung.Load() > 0 }, patience, 5*time.Millisecond)
	stop()
}
