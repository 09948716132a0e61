package jetstream_test

import (
	"strconv"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	ours "github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
)

// The server keeps each subject of a stream in memory, for as long as it keeps an event of it.
func TestKeysAddNoSubjects(t *testing.T) {
	t.Parallel()
	bus := open(t, start(t, broker.Options{Dir: t.TempDir()}).URL(), ours.Options{})
	var told []event.Message
	for _, topic := range []string{"evt.x.y", "evt.x.y.choreographed", "evt.x.z"} {
		for n := range 20 {
			key := strconv.Itoa(n)
			told = append(told, event.Message{ID: topic + key, Topic: topic, Key: key})
		}
	}
	_, err := bus.Publish(t.Context(), told)
	require.NoError(t, err)
	js, err := jetstream.New(bus.Conn())
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), ours.Stream)
	require.NoError(t, err)
	info, err := stream.Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(len(told)), info.State.Msgs)
	require.Equal(t, uint64(3), info.State.NumSubjects, "one for each topic")
}
