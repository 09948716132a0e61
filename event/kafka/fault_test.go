package kafka_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/kafka"
	"github.com/amends/amends/fault"
)

// patience is how long a test waits for a message, also on a busy machine.
const patience = time.Minute

var placed = []string{"evt.order.placed"}

func facts(keys ...string) (batch []event.Message) {
	for _, key := range keys {
		batch = append(batch, event.Message{ID: "id-" + key, Topic: placed[0], Key: key, Header: map[string]string{"ce-type": "amends.order.placed.v1"}, Data: []byte("{}")})
	}
	return batch
}

func publish(t *testing.T, bus event.Bus, keys ...string) {
	t.Helper()
	_, err := bus.Publish(t.Context(), facts(keys...))
	require.NoError(t, err)
}

var errPlanted = errors.New("planted")

// consume runs a consumer of a group until stop is called or the test ends.
func consume(t *testing.T, bus event.Bus, handle func(ctx context.Context, batch []event.Message) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- bus.Consume(ctx, "g", placed, handle) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}

func receive[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		require.Fail(t, "nothing came")
	}
	return value
}

func TestHandsAPartitionOverWhenAnotherProcessComes(t *testing.T) {
	t.Parallel()
	c := start(t)
	o := kafka.Options{AckWait: time.Second, Pause: 5 * time.Millisecond, Partitions: 2}
	first, second := open(t, c.ListenAddrs(), o), open(t, c.ListenAddrs(), o)
	var keys []string
	for i := range 20 {
		keys = append(keys, strings.Repeat("k", i+1))
	}
	publish(t, first, keys...)

	handling := make(chan struct{}, 100)
	consume(t, first, func(ctx context.Context, _ []event.Message) error {
		handling <- struct{}{}
		<-ctx.Done() // until it is interrupted
		return ctx.Err()
	})
	receive(t, handling)
	heard := make(chan string, 100)
	consume(t, second, func(_ context.Context, batch []event.Message) error {
		for _, m := range batch {
			heard <- m.Key
		}
		return nil
	})
	require.Contains(t, keys, receive(t, heard), "of a partition that the first has not acknowledged")
}

func TestAProcessThatWasAwayCannotAcknowledge(t *testing.T) {
	t.Parallel()
	c := start(t)
	o := kafka.Options{AckWait: 300 * time.Millisecond, Pause: 5 * time.Millisecond, Partitions: 1}
	acknowledged := make(chan error, 100)
	observed := o
	observed.Observe = func(call string, _ time.Duration, err error) {
		if call == "acknowledge" {
			acknowledged <- err
		}
	}
	first := open(t, c.ListenAddrs(), observed)
	publish(t, first, "a")

	c.ControlKey(int16(kmsg.Heartbeat), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return nil, errPlanted, true // the process is cut off
	})
	asleep, awake := make(chan struct{}, 100), make(chan struct{})
	stopFirst := consume(t, first, func(context.Context, []event.Message) error {
		asleep <- struct{}{}
		<-awake // deaf to its context
		return nil
	})
	receive(t, asleep)
	heard := make(chan string, 100)
	stopSecond := consume(t, open(t, c.ListenAddrs(), o), func(_ context.Context, batch []event.Message) error {
		heard <- batch[0].Key
		return errPlanted
	})
	require.Equal(t, "a", receive(t, heard))
	close(awake)
	require.Error(t, receive(t, acknowledged))
	stopFirst()
	stopSecond()
	c.DropControl()
	third := make(chan string, 100)
	consume(t, open(t, c.ListenAddrs(), o), func(_ context.Context, batch []event.Message) error {
		third <- batch[0].Key
		return nil
	})
	require.Equal(t, "a", receive(t, third), "the offset has not moved")
}

func TestABrokerWithASmallLimit(t *testing.T) {
	t.Parallel()
	c := start(t, kfake.SeedTopics(1, "evt.order"))
	bus := open(t, c.ListenAddrs(), kafka.Options{})
	const limit = 2500 // bytes of records in a request
	// The fake cluster does not know that a producer goes on after a refusal, so it does
	// not see the requests.
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		code := int16(0)
		if p := req.(*kmsg.ProduceRequest); len(p.Topics[0].Partitions[0].Records) > limit { //nolint:errcheck // by its key
			code = kerr.MessageTooLarge.Code
		}
		return answer(req, code), nil, true
	})
	batch := facts("a", "b", "c", "d")
	for i := range batch {
		batch[i].Data = noise(1500)
	}
	positions, err := bus.Publish(t.Context(), batch)
	require.NoError(t, err, "too large together is not too large")
	require.Len(t, positions, 4)

	batch[1].Data = noise(5000)
	positions, err = bus.Publish(t.Context(), batch)
	require.Equal(t, fault.Bug, fault.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "id-b")
	require.Len(t, positions, 1)
}

func TestStoresNothingBehindAMessageThatIsTooLarge(t *testing.T) {
	t.Parallel()
	bus := open(t, start(t).ListenAddrs(), kafka.Options{Partitions: 1})
	batch := facts("a", "b", "c")
	batch[1].Data = noise(960_000) // a broker's default limit is not much larger
	positions, err := bus.Publish(t.Context(), batch)
	require.Equal(t, fault.Bug, fault.KindOf(err), "%v", err)
	require.Len(t, positions, 1)
	publish(t, bus, "d")
	heard := make(chan string, 10)
	consume(t, bus, func(_ context.Context, batch []event.Message) error {
		for _, m := range batch {
			heard <- m.Key
		}
		return nil
	})
	require.Equal(t, []string{"a", "d"}, []string{receive(t, heard), receive(t, heard)})
}

func TestFollowsAPartitionToAnotherBroker(t *testing.T) {
	t.Parallel()
	c := start(t, kfake.NumBrokers(2), kfake.SeedTopics(1, "evt.order"))
	bus := open(t, c.ListenAddrs(), kafka.Options{})
	heard := make(chan string, 10)
	consume(t, bus, func(_ context.Context, batch []event.Message) error {
		for _, m := range batch {
			heard <- m.Key
		}
		return nil
	})
	publish(t, bus, "a")
	require.Equal(t, "a", receive(t, heard))
	require.NoError(t, c.MoveTopicPartition("evt.order", 0, 1-c.LeaderFor("evt.order", 0)))
	publish(t, bus, "b")
	require.Equal(t, "b", receive(t, heard))
}

func TestPublishesWhenAPartitionHasALeaderAgain(t *testing.T) {
	t.Parallel()
	c := start(t, kfake.SeedTopics(1, "evt.order"))
	bus := open(t, c.ListenAddrs(), kafka.Options{})
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) { // once
		return answer(req, kerr.NotLeaderForPartition.Code), nil, true
	})
	publish(t, bus, "a")
}

// answer returns the answer to a request to store records in one partition.
func answer(req kmsg.Request, code int16) kmsg.Response {
	p := req.(*kmsg.ProduceRequest)                  //nolint:errcheck // by its key
	resp := p.ResponseKind().(*kmsg.ProduceResponse) //nolint:errcheck // by its kind
	topic := kmsg.NewProduceResponseTopic()
	topic.Topic, topic.TopicID = p.Topics[0].Topic, p.Topics[0].TopicID
	partition := kmsg.NewProduceResponseTopicPartition()
	partition.ErrorCode = code
	topic.Partitions = append(topic.Partitions, partition)
	resp.Topics = append(resp.Topics, topic)
	return resp
}

// noise returns n bytes that do not compress.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.Read(data)
	return data
}

func TestFailsInTimeWhenTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	c := start(t)
	bus := open(t, c.ListenAddrs(), kafka.Options{})
	publish(t, bus, "a")
	require.NoError(t, bus.Ready(t.Context()))
	c.Close()
	positions, err := bus.Publish(t.Context(), facts("b"))
	require.Equal(t, fault.Transient, fault.KindOf(err), "%v", err)
	require.Empty(t, positions)
	require.Equal(t, fault.Transient, fault.KindOf(bus.Ready(t.Context())))
}

func TestConsumeReturnsAnErrorWhenTheBusIsClosed(t *testing.T) {
	t.Parallel()
	bus := open(t, start(t).ListenAddrs(), kafka.Options{})
	publish(t, bus, "a")
	err := bus.Consume(t.Context(), "g", placed, func(context.Context, []event.Message) error {
		bus.Close()
		return nil
	})
	require.ErrorContains(t, err, "the connection is closed")
}

func TestAsksForCredentialsOverTLS(t *testing.T) {
	t.Parallel()
	https := httptest.NewTLSServer(nil) // for its certificate
	https.Close()
	c := start(t, kfake.TLS(https.TLS), kfake.EnableSASL(), kfake.Superuser("PLAIN", "order", "correct-horse-battery"))
	trusted := x509.NewCertPool()
	trusted.AddCert(https.Certificate())
	with := func(password string, authorities *x509.CertPool) *kafka.Bus {
		return open(t, c.ListenAddrs(), kafka.Options{User: "order", Password: password, TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities}})
	}
	publish(t, with("correct-horse-battery", trusted), "a")
	require.ErrorContains(t, with("wrong", trusted).Ready(t.Context()), "ask the broker")
	require.ErrorContains(t, with("correct-horse-battery", nil).Ready(t.Context()), "certificate")
}

func TestCloudEventsAreHeadersOfItsBinding(t *testing.T) {
	t.Parallel()
	c := start(t)
	publish(t, open(t, c.ListenAddrs(), kafka.Options{}), "a")
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("evt.order"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	record := client.PollRecords(ctx, 1).Records()[0]
	headers := map[string]string{}
	for _, h := range record.Headers {
		headers[h.Key] = string(h.Value)
	}
	require.Equal(t, map[string]string{"ce_type": "amends.order.placed.v1", "amends-topic": "evt.order.placed", "amends-id": "id-a"}, headers)
	require.Equal(t, "a", string(record.Key))
}
