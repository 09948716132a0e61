package kafka_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/kafka"
)

// start starts a cluster that ends with the test.
func start(t *testing.T, o ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}, o...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func open(t *testing.T, brokers []string, o kafka.Options) *kafka.Bus {
	t.Helper()
	bus, err := kafka.Open(brokers, o)
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	return bus
}

func TestIsABus(t *testing.T) {
	t.Parallel()
	eventtest.Bus(t, func(t *testing.T) eventtest.Broker {
		c := start(t)
		return eventtest.Broker{
			Open: func(t *testing.T) event.Bus {
				return open(t, c.ListenAddrs(), kafka.Options{AckWait: 2 * time.Second, Pause: 5 * time.Millisecond, Partitions: 3})
			},
			TooLarge: 2 << 20,
		}
	})
}
