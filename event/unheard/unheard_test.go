package unheard_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/unheard"
)

var (
	asked = event.Declare[struct{}](event.Declaration{Service: "shop", Name: "asked", Version: 1, Key: "order"})
	taken = event.Declare[struct{}](event.Declaration{Service: "till", Name: "taken", Version: 1, Key: "order"})
)

var listeners = []event.Listener{
	{Group: "shop", Style: "ours", Facts: []event.Declaration{taken.Declaration}},
	{Group: "till", Style: "ours", Facts: []event.Declaration{asked.Declaration}},
}

func tell(t *testing.T, bus event.Bus, f event.Fact[struct{}], style string) {
	t.Helper()
	e := f.New("key", "saga", struct{}{})
	e.ID, e.Style, e.Time = f.Name+style, style, time.Now()
	_, err := bus.Publish(t.Context(), []event.Message{event.Encode(e)})
	require.NoError(t, err)
}

// A group is late when an event of its style is older than a minute and not acknowledged,
// also if it has never listened.
func TestStandNamesTheGroupsThatAreLate(t *testing.T) {
	t.Parallel()
	bus := eventtest.NewMemory()
	tell(t, bus, taken, "")
	stand := func(after time.Duration) (late []string) {
		all, err := unheard.Stand(t.Context(), bus, listeners, time.Now().Add(after))
		require.NoError(t, err)
		require.Len(t, all, 2)
		for _, s := range all {
			if s.Late {
				late = append(late, s.Group)
			}
		}
		return late
	}
	require.Empty(t, stand(time.Hour), "of another style")
	tell(t, bus, asked, "ours")
	require.Empty(t, stand(0))
	require.Equal(t, []string{"till"}, stand(unheard.After+time.Second))

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- bus.Consume(ctx, "till", listeners[1].Topics(), func(context.Context, []event.Message) error { return nil })
	}()
	require.Eventually(t, func() bool { return len(stand(time.Hour)) == 0 }, time.Minute, time.Millisecond, "it is heard")
	cancel()
	require.NoError(t, <-ended)
}

// broker answers about some groups.
type broker struct {
	event.Gauge

	mu     sync.Mutex
	oldest map[string]time.Time // by group
}

func (b *broker) set(group string, oldest time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.oldest[group] = oldest
}

func (b *broker) Oldest(_ context.Context, group string, _ []string) (time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if oldest, ok := b.oldest[group]; ok {
		return oldest, nil
	}
	return time.Time{}, errors.New("no answer about " + group)
}

// A watch names the late groups, and keeps what it knows of those about which the broker
// does not answer.
func TestAWatchWarnsOfGroupsThatAreLate(t *testing.T) {
	t.Parallel()
	b := &broker{oldest: map[string]time.Time{"till": time.Now().Add(-2 * unheard.After), "shop": {}}}
	var mu sync.Mutex
	ages := map[string]time.Duration{}
	w := unheard.New(unheard.Config{
		Gauge: b, Listeners: listeners, Every: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		Observe: func(group string, age time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			ages[group] = age
		},
	})
	require.Empty(t, w.Warnings())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	eventually := func(condition func() bool) {
		t.Helper()
		require.Eventually(t, condition, time.Minute, time.Millisecond)
	}
	eventually(func() bool { return len(w.Late()) == 1 })
	require.Equal(t, "till", w.Late()[0].Group)
	require.Regexp(t, `^till has not handled an event of 2m[0-9]+s ago: no process of it listens, or it cannot keep up$`, w.Warnings()[0])
	eventually(func() bool {
		mu.Lock()
		defer mu.Unlock()
		return ages["till"] >= 2*unheard.After && ages["shop"] == 0
	})

	b.mu.Lock()
	delete(b.oldest, "till")
	b.mu.Unlock()
	b.set("shop", time.Now().Add(-3*unheard.After))
	eventually(func() bool { return len(w.Late()) == 2 })
	b.set("till", time.Time{})
	b.set("shop", time.Time{})
	eventually(func() bool { return len(w.Late()) == 0 })
	cancel()
	require.NoError(t, <-ended)
}

// A group that has stopped for good is named within 90 seconds of the first event that it does
// not take, whenever that comes between two measurements.
func TestAGroupThatHasStoppedIsNamedWithinNinetySeconds(t *testing.T) {
	t.Parallel()
	for between := time.Duration(0); between < time.Minute; between += 1999 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			bus := eventtest.NewMemory()
			ctx, cancel := context.WithCancel(t.Context())
			var parts sync.WaitGroup
			w := unheard.New(unheard.Config{Gauge: bus, Listeners: listeners, Logger: slog.New(slog.DiscardHandler)})
			parts.Go(func() { _ = w.Run(ctx) }) // nil, when ctx ends
			listening, stop := context.WithCancel(ctx)
			parts.Go(func() {
				_ = bus.Consume(listening, "till", listeners[1].Topics(), func(context.Context, []event.Message) error { return nil }) // likewise
			})
			tell(t, bus, asked, "ours")
			pass := func(d time.Duration) {
				time.Sleep(d) //nolint:forbidigo // of a bubble
				synctest.Wait()
			}
			pass(time.Hour + between)
			require.Empty(t, w.Late(), "it listens")
			stop()
			synctest.Wait()
			tell(t, bus, asked, "ours")
			pass(unheard.After)
			require.Empty(t, w.Late(), "it may take a minute")
			pass(90*time.Second - unheard.After)
			require.Len(t, w.Late(), 1)
			require.Equal(t, "till", w.Late()[0].Group)
			cancel()
			parts.Wait()
		})
	}
}
