package bus_test

import (
	"context"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/bus"
	"github.com/amends/amends/internal/config/broker"
	server "github.com/amends/amends/internal/dev/broker"
)

// The broker gives up the messages of a dead process before its lease ends, for every time that
// may be set: the process that takes over does not wait for it.
func TestTheBrokerHasGivenUpWhenTheLeaseEnds(t *testing.T) {
	t.Parallel()
	for _, takeover := range []time.Duration{5 * time.Second, broker.Default().TakeoverAfter, 10 * time.Minute} {
		t.Run(takeover.String(), func(t *testing.T) {
			t.Parallel()
			s, err := server.Start(context.Background(), server.Options{Dir: t.TempDir()})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Stop()) })
			opened, err := bus.Open(s.URL(), bus.Options{Name: "test", TakeoverAfter: takeover})
			require.NoError(t, err)
			t.Cleanup(opened.Close)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			heard := make(chan struct{})
			ended := make(chan error, 1)
			go func() {
				ended <- opened.Consume(ctx, "g", []string{"evt.x.y"}, func(context.Context, []event.Message) error {
					close(heard)
					return nil
				})
			}()
			_, err = opened.Publish(ctx, []event.Message{{ID: "1", Topic: "evt.x.y", Key: "k"}})
			require.NoError(t, err)
			<-heard
			js, err := natsjs.New(opened.(*jetstream.Bus).Conn()) //nolint:errcheck // it is on NATS
			require.NoError(t, err)
			consumer, err := js.Consumer(ctx, jetstream.Stream, "g")
			require.NoError(t, err)
			config := consumer.CachedInfo().Config
			require.Greater(t, config.PinnedTTL, config.AckWait)
			require.LessOrEqual(t, config.PinnedTTL, takeover*4/5)
			require.GreaterOrEqual(t, config.AckWait, 2*time.Second)
			cancel()
			require.NoError(t, <-ended)
		})
	}
}
