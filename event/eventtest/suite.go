package eventtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// patience is how long the suite waits for a message, also on a busy machine.
const patience = 60 * time.Second

// Broker is a running broker that the suite tests.
type Broker struct {
	// Open returns a connection to it; the suite closes it.
	Open func(t *testing.T) event.Bus
	// TooLarge is a size of data, in bytes, that it refuses.
	TooLarge int
	// Restart stops the broker and starts it again with the same data; nil if it
	// cannot: then the suite has no claim about it.
	Restart func(t *testing.T)
}

// Bus is the suite that holds for every [event.Bus], with the claims of an [event.Tail],
// an [event.Bell] and an [event.Gauge] for a bus that is one. newBroker starts an empty broker that ends
// with the test.
func Bus(t *testing.T, newBroker func(t *testing.T) Broker) {
	t.Helper()
	b := newBroker(t)
	claims := map[string]func(*testing.T, *bench){
		"CarriesTheWholeMessage":                 carriesTheWholeMessage,
		"StartsAGroupWithTheOldest":              startsAGroupWithTheOldest,
		"KeepsTheOrderOfAKeyThroughErrors":       keepsTheOrderOfAKeyThroughErrors,
		"DeliversAgainAfterAnError":              deliversAgainAfterAnError,
		"DeliversAgainAfterTheDeathOfAConsumer":  deliversAgainAfterADeath,
		"ContinuesBehindTheAcknowledgedMessages": continuesBehindTheAcknowledged,
		"SharesAGroupBetweenConsumers":           sharesAGroup,
		"GivesEveryGroupEveryMessage":            givesEveryGroupEveryMessage,
		"DeliversOnlyTheTopics":                  deliversOnlyTheTopics,
		"DeliversAStyleOrAllOfThem":              deliversAStyle,
		"TakesAnyKey":                            takesAnyKey,
		"RefusesOneTooLargeMessageForGood":       refusesOneTooLarge,
		"EndsWithItsContext":                     endsWithItsContext,
	}
	bus := open(t, b)
	if _, ok := bus.(event.Tail); ok {
		claims["TellsWhatItHolds"] = tellsWhatItHolds
	}
	if _, ok := bus.(event.Bell); ok {
		claims["Rings"] = rings
	}
	if _, ok := bus.(event.Gauge); ok {
		claims["TellsTheOldestThatIsNotHeard"] = tellsTheOldest
	}
	for name, test := range claims {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newBench(t, b, name))
		})
	}
	if b.Restart != nil {
		t.Run("OutlivesARestart", func(t *testing.T) {
			t.Parallel()
			outlivesARestart(t, newBench(t, newBroker(t), "OutlivesARestart"))
		})
	}
}

// bench is the broker as one test sees it, with topics and groups of its own.
type bench struct {
	Broker

	bus   event.Bus
	topic string
	group string
}

func newBench(t *testing.T, b Broker, name string) *bench {
	name = strings.ToLower(name)
	return &bench{Broker: b, bus: open(t, b), topic: "evt." + name + ".happened", group: name}
}

func open(t *testing.T, b Broker) event.Bus {
	bus := b.Open(t)
	t.Cleanup(bus.Close)
	return bus
}

// message returns the n-th message about a key.
func (b *bench) message(key string, n int) event.Message {
	id := fmt.Sprintf("%s/%s/%d", b.group, key, n)
	return event.Message{ID: id, Topic: b.topic, Key: key, Header: map[string]string{"ce-id": id}, Data: []byte(`{}`)}
}

// publish stores messages 0 to n-1 of a key.
func (b *bench) publish(t *testing.T, key string, n int) (ids []string) {
	var batch []event.Message
	for i := range n {
		batch = append(batch, b.message(key, i))
		ids = append(ids, batch[i].ID)
	}
	positions, err := b.bus.Publish(t.Context(), batch)
	require.NoError(t, err)
	require.Len(t, positions, n)
	return ids
}

// heard collects the messages of acknowledged batches.
type heard struct {
	mu  sync.Mutex
	all []event.Message
}

func (h *heard) handle(_ context.Context, batch []event.Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, batch...)
	return nil
}

// ids returns the ids of a key, of all for an empty one, without repeats, in the order
// in which each was heard first.
func (h *heard) ids(key string) (ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[string]bool{}
	for _, m := range h.all {
		if (key == "" || m.Key == key) && !seen[m.ID] {
			ids = append(ids, m.ID)
			seen[m.ID] = true
		}
	}
	return ids
}

func (h *heard) waitFor(t *testing.T, n int) {
	require.Eventually(t, func() bool { return len(h.ids("")) >= n }, patience, 5*time.Millisecond, "messages heard")
}

// consume runs a consumer until the returned function is called or the test ends.
func (b *bench) consume(t *testing.T, bus event.Bus, group string, handle func(context.Context, []event.Message) error, topics ...string) (stop func()) {
	if len(topics) == 0 {
		topics = []string{b.topic}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- bus.Consume(ctx, group, topics, handle) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				require.NoError(t, err, "Consume returns nil when its context ends")
			case <-time.After(patience):
				require.Fail(t, "Consume did not return")
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

var errPlanted = errors.New("planted")

func outlivesARestart(t *testing.T, b *bench) {
	var h heard
	b.consume(t, b.bus, b.group, h.handle)
	b.publish(t, "k", 3)
	h.waitFor(t, 3)
	b.Restart(t)
	require.Eventually(t, func() bool { return b.bus.Ready(t.Context()) == nil }, patience, 20*time.Millisecond)
	require.Eventually(t, func() bool {
		_, err := b.bus.Publish(t.Context(), []event.Message{b.message("k", 3)})
		return err == nil
	}, patience, 20*time.Millisecond, "publishing works again")
	h.waitFor(t, 4)
	require.Len(t, h.ids("k"), 4)
}

func refusesOneTooLarge(t *testing.T, b *bench) {
	batch := []event.Message{b.message("k", 0), b.message("k", 1), b.message("k", 2), b.message("k", 3)}
	batch[2].Data = make([]byte, b.TooLarge)
	positions, err := b.bus.Publish(t.Context(), batch)
	require.Equal(t, fault.Bug, fault.KindOf(err), "%v", err)
	require.Len(t, positions, 2, "the messages before it are stored")
	var h heard
	b.consume(t, b.bus, b.group, h.handle)
	h.waitFor(t, 2)
	require.Equal(t, []string{batch[0].ID, batch[1].ID}, h.ids("k")[:2])
}
