package jetstream_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
)

// patient is a process that another one replaces after more than a minute.
var patient = jetstream.Options{AckWait: time.Minute, Pause: 5 * time.Millisecond}

// promptly is less than a third of that minute.
const promptly = 20 * time.Second

// listen consumes for the group g until stop is called, or the test ends.
func listen(t *testing.T, bus *jetstream.Bus, handle func(context.Context, event.Message) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- bus.Consume(ctx, "g", []string{"evt.x.y"}, func(ctx context.Context, batch []event.Message) error {
			for _, m := range batch {
				if err := handle(ctx, m); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

// into returns a handler that passes the ids on.
func into(heard chan<- string) func(context.Context, event.Message) error {
	return func(_ context.Context, m event.Message) error {
		heard <- m.ID
		return nil
	}
}

func tell(t *testing.T, bus *jetstream.Bus, id string) {
	t.Helper()
	_, err := bus.Publish(t.Context(), []event.Message{{ID: id, Topic: "evt.x.y", Key: "k"}})
	require.NoError(t, err)
}

// hears requires that the message is heard promptly, and no other before.
func hears(t *testing.T, heard <-chan string, id string) {
	t.Helper()
	select {
	case got := <-heard:
		require.Equal(t, id, got)
	case <-time.After(promptly):
		require.Fail(t, "it hears nothing", "of %s", id)
	}
}

// acknowledges waits until the group has acknowledged every message.
func acknowledges(t *testing.T, bus *jetstream.Bus) {
	t.Helper()
	require.Eventually(t, func() bool {
		behind, _, err := bus.Behind(t.Context(), "g")
		return err == nil && behind == 0
	}, promptly, 5*time.Millisecond)
}

// TestAConnectionThatIsLostDoesNotEndTheTurn: the process that listens for its group still
// does, at once, when it has another connection.
func TestAConnectionThatIsLostDoesNotEndTheTurn(t *testing.T) {
	t.Parallel()
	s := start(t, broker.Options{Dir: t.TempDir()})
	bus, other := open(t, s.URL(), patient), open(t, s.URL(), patient)
	heard := make(chan string, 10)
	listen(t, bus, into(heard))
	tell(t, other, "first")
	hears(t, heard, "first")
	for n := range 3 {
		acknowledges(t, other)
		connected := bus.Conn().Stats().Reconnects
		require.NoError(t, bus.Conn().ForceReconnect())
		require.Eventually(t, func() bool { return bus.Conn().Stats().Reconnects > connected && bus.Ready(t.Context()) == nil }, promptly, 5*time.Millisecond)
		id := fmt.Sprint("after ", n)
		tell(t, other, id)
		hears(t, heard, id)
	}
}

// TestAStopEndsTheTurn: whatever a process is doing when it stops, the next one of its group
// listens at once, also to the batch that the first one had.
func TestAStopEndsTheTurn(t *testing.T) {
	t.Parallel()
	for name, busy := range map[string]bool{"WhileItWaits": false, "InABatch": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, broker.Options{Dir: t.TempDir()})
			bus, other := open(t, s.URL(), patient), open(t, s.URL(), patient)
			begun := make(chan string, 10)
			stop := listen(t, bus, func(ctx context.Context, m event.Message) error {
				begun <- m.ID
				if m.ID == "second" {
					<-ctx.Done()
				}
				return ctx.Err()
			})
			tell(t, other, "first")
			hears(t, begun, "first")
			acknowledges(t, other)
			heard := make(chan string, 10)
			listen(t, other, into(heard))
			if busy {
				tell(t, other, "second")
				hears(t, begun, "second")
			}
			stop()
			if !busy {
				tell(t, other, "second")
			}
			hears(t, heard, "second")
		})
	}
}

// TestAPinOutlivesTheMessagesOfItsProcess: those that a dead process has not acknowledged come
// before newer ones. It is at most twice as long, by which package bus tells when the next
// process may hear.
func TestAPinOutlivesTheMessagesOfItsProcess(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{2 * time.Second, 6 * time.Second, time.Minute} {
		bus := open(t, start(t, broker.Options{Dir: t.TempDir()}).URL(), jetstream.Options{AckWait: wait, Pause: 5 * time.Millisecond})
		heard := make(chan string, 10)
		listen(t, bus, into(heard))
		tell(t, bus, "first")
		hears(t, heard, "first")
		js, err := natsjs.New(bus.Conn())
		require.NoError(t, err)
		consumer, err := js.Consumer(t.Context(), jetstream.Stream, "g")
		require.NoError(t, err)
		config := consumer.CachedInfo().Config
		require.Equal(t, wait, config.AckWait)
		require.Greater(t, config.PinnedTTL, wait)
		require.LessOrEqual(t, config.PinnedTTL, 2*wait)
	}
}
