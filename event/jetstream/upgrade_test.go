package jetstream_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	ours "github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
)

// A group of before there were styles goes on behind the messages that it has
// acknowledged, and hears those of all styles, also events that an earlier release published
// with the key in the subject.
func TestAGroupOfAnEarlierReleaseGoesOn(t *testing.T) {
	t.Parallel()
	const topic = "evt.x.y"
	bus := open(t, start(t, broker.Options{Dir: t.TempDir()}).URL(), ours.Options{Pause: 5 * time.Millisecond})
	tell := func(id, topic string) {
		t.Helper()
		_, err := bus.Publish(t.Context(), []event.Message{{ID: id, Topic: topic, Key: "k"}})
		require.NoError(t, err)
	}
	tell("before", topic)
	js, err := jetstream.New(bus.Conn())
	require.NoError(t, err)
	consumer, err := js.CreateConsumer(t.Context(), ours.Stream, jetstream.ConsumerConfig{
		Durable: "g", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 30 * time.Second, MaxDeliver: -1, MaxAckPending: 500,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{"one"}, PinnedTTL: 40 * time.Second,
		FilterSubjects: []string{topic + ".*"},
	})
	require.NoError(t, err)
	batch, err := consumer.Fetch(1, jetstream.FetchPriorityGroup("one"))
	require.NoError(t, err)
	for m := range batch.Messages() {
		require.NoError(t, m.DoubleAck(t.Context()))
	}
	require.NoError(t, batch.Error())
	stream, err := js.Stream(t.Context(), ours.Stream)
	require.NoError(t, err)
	require.NoError(t, stream.UnpinConsumer(t.Context(), "g", "one"))

	tell("plain", topic)
	tell("styled", topic+".choreographed")
	_, err = js.PublishMsg(t.Context(), &nats.Msg{Subject: topic + ".k", Header: nats.Header{nats.MsgIdHdr: {"keyed"}, "ce-partitionkey": {"k"}}})
	require.NoError(t, err)
	var mu sync.Mutex
	var heard []string
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- bus.Consume(ctx, "g", []string{topic}, func(_ context.Context, batch []event.Message) error {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range batch {
				heard = append(heard, m.ID+" on "+m.Topic+" of "+m.Key)
			}
			return nil
		})
	}()
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(heard, []string{"plain on " + topic + " of k", "styled on " + topic + ".choreographed of k", "keyed on " + topic + " of k"})
	}, time.Minute, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
}
