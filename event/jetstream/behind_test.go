package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
)

// A group is behind by the messages on its topics that it has not acknowledged, and up to
// date until the first of them was stored.
func TestBehind(t *testing.T) {
	t.Parallel()
	bus := open(t, start(t, broker.Options{Dir: t.TempDir()}).URL(), jetstream.Options{Pause: 5 * time.Millisecond})
	never := func() {
		t.Helper()
		n, at, err := bus.Behind(t.Context(), "g")
		require.NoError(t, err)
		require.Equal(t, int64(-1), n, "it has never listened")
		require.Zero(t, at)
	}
	never() // no message was ever stored
	tell := func(topic string, n int) {
		_, err := bus.Publish(t.Context(), []event.Message{{ID: fmt.Sprintf("%s%d", topic, n), Topic: topic, Key: "k"}})
		require.NoError(t, err)
	}
	consume := func(accept bool) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- bus.Consume(ctx, "g", []string{"evt.x.y"}, func(context.Context, []event.Message) error {
				if accept {
					return nil
				}
				return errors.New("not now")
			})
		}()
		return func() { cancel(); require.NoError(t, <-ended) }
	}
	is := func(want int64, upTo func(time.Time) bool) {
		t.Helper()
		require.Eventually(t, func() bool {
			n, at, err := bus.Behind(t.Context(), "g")
			return err == nil && n == want && upTo(at)
		}, time.Minute, 10*time.Millisecond)
	}
	tell("evt.x.other", 0)
	never()
	began := time.Now()
	stop := consume(true)
	tell("evt.x.y", 1)
	is(0, func(at time.Time) bool { return !at.Before(began.Add(-time.Second)) })
	stop()

	tell("evt.x.other", 1)
	is(0, func(at time.Time) bool { return !at.IsZero() })
	stop = consume(false)
	tell("evt.x.y", 2)
	tell("evt.x.y", 3)
	var stored time.Time
	is(2, func(at time.Time) bool { stored = at; return !at.IsZero() })
	is(2, func(at time.Time) bool { return at.Equal(stored) })
	stop()
	stop = consume(true)
	is(0, func(at time.Time) bool { return at.After(stored) })
	stop()
}
