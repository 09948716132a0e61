package jetstream_test

import (
	"context"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
)

// start starts a broker that ends with the test.
func start(tb testing.TB, o broker.Options) *broker.Server {
	tb.Helper()
	s, err := broker.Start(context.Background(), o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Stop()) })
	return s
}

// portOf returns the port of a broker, so that another one can take its place.
func portOf(tb testing.TB, s *broker.Server) int {
	tb.Helper()
	u, err := url.Parse(s.URL())
	require.NoError(tb, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(tb, err)
	return port
}

func open(tb testing.TB, url string, o jetstream.Options) *jetstream.Bus {
	tb.Helper()
	bus, err := jetstream.Open(url, o)
	require.NoError(tb, err)
	tb.Cleanup(bus.Close)
	require.Eventually(tb, func() bool { return bus.Ready(tb.Context()) == nil }, time.Minute, 10*time.Millisecond)
	return bus
}

func TestIsABus(t *testing.T) {
	t.Parallel()
	eventtest.Bus(t, func(t *testing.T) eventtest.Broker {
		dir := t.TempDir()
		s := start(t, broker.Options{Dir: dir})
		return eventtest.Broker{
			Open: func(t *testing.T) event.Bus {
				return open(t, s.URL(), jetstream.Options{AckWait: 2 * time.Second, Pause: 5 * time.Millisecond})
			},
			TooLarge: 2 << 20,
			Restart: func(t *testing.T) {
				require.NoError(t, s.Stop())
				start(t, broker.Options{Dir: dir, Port: portOf(t, s)})
			},
		}
	})
}
