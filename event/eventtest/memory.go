package eventtest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// Limits of [Memory]: bytes of data in a message, messages in a batch, and the pause
// before a batch is delivered again.
const (
	MaxData  = 1 << 20
	maxBatch = 500
	pause    = 5 * time.Millisecond
)

// Memory is a broker in the memory of a test; it is an [event.Bus], [event.Tail],
// [event.Bell] and [event.Gauge]. Each group handles one batch at a time, also over several consumers.
type Memory struct {
	mu      sync.Mutex
	stored  []event.Message // the position of an element is its index + 1
	at      []time.Time     // when each was stored
	groups  map[string]*group
	bells   map[string][]*func()
	changed chan struct{} // is closed and replaced at every change
	epoch   uint64
}

// group is a durable cursor.
type group struct {
	turn chan struct{} // holds the right to handle a batch
	next int           // index of the first message that is not acknowledged
}

// NewMemory returns an empty broker.
func NewMemory() *Memory {
	return &Memory{
		groups: map[string]*group{}, bells: map[string][]*func(){},
		changed: make(chan struct{}),
	}
}

// Publish implements [event.Bus].
func (m *Memory) Publish(ctx context.Context, batch []event.Message) (positions []uint64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Errorf(fault.Transient, fault.Unavailable, "publish: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.wake()
	for _, msg := range batch {
		if len(msg.Data) > MaxData || msg.Key == "" {
			return positions, fault.Errorf(fault.Bug, fault.Invalid, "publish event %s: too large, or without a key", msg.ID)
		}
		m.stored, m.at = append(m.stored, clone(msg)), append(m.at, time.Now().UTC())
		positions = append(positions, uint64(len(m.stored)))
	}
	return positions, nil
}

// clone keeps publishers and consumers from changing each other's messages.
func clone(msg event.Message) event.Message {
	msg.Header, msg.Data = maps.Clone(msg.Header), slices.Clone(msg.Data)
	return msg
}

// wake tells every consumer to look again; the caller holds the lock.
func (m *Memory) wake() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// Consume implements [event.Bus].
func (m *Memory) Consume(ctx context.Context, name string, topics []string, handle func(context.Context, []event.Message) error) error {
	g := m.group(name)
	for {
		select {
		case <-ctx.Done():
			return nil
		case g.turn <- struct{}{}:
		}
		wait := m.turn(ctx, g, topics, handle)
		<-g.turn
		select {
		case <-ctx.Done():
			return nil
		case <-wait:
		}
	}
}

// turn handles one batch, and returns a channel that delivers when to look again.
func (m *Memory) turn(ctx context.Context, g *group, topics []string, handle func(context.Context, []event.Message) error) <-chan struct{} {
	batch, end, changed := m.pending(g, topics)
	now := make(chan struct{})
	close(now)
	if len(batch) > 0 && handle(ctx, batch) != nil {
		select { // within the turn: no other consumer overtakes
		case <-ctx.Done():
		case <-time.After(pause):
		}
		return now
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	g.next = min(end, len(m.stored)) // [Memory.Cut] may have been called
	if len(batch) == 0 {
		return changed
	}
	return now
}

// pending returns the next messages for a group, the index behind them, and a channel
// that is closed when there may be more.
func (m *Memory) pending(g *group, topics []string) (batch []event.Message, end int, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for end = g.next; end < len(m.stored) && len(batch) < maxBatch; end++ {
		if msg := m.stored[end]; event.Covers(topics, msg.Topic) {
			batch = append(batch, clone(msg))
		}
	}
	return batch, end, m.changed
}

func (m *Memory) group(name string) *group {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups[name] == nil {
		m.groups[name] = &group{turn: make(chan struct{}, 1)}
	}
	return m.groups[name]
}

// Stored returns all messages, the oldest first.
func (m *Memory) Stored() (all []event.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.stored {
		all = append(all, clone(msg))
	}
	return all
}

// Cut drops the newest n messages, as a power cut at a broker may, and begins another
// epoch. Later messages take their positions.
func (m *Memory) Cut(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := max(0, len(m.stored)-n)
	m.stored, m.at = m.stored[:left], m.at[:left]
	for _, g := range m.groups {
		g.next = min(g.next, len(m.stored))
	}
	m.epoch++
}

// Holds implements [event.Tail].
func (m *Memory) Holds(_ context.Context, position uint64, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return position >= 1 && position <= uint64(len(m.stored)) && m.stored[position-1].ID == id, nil
}

// Last implements [event.Tail].
func (m *Memory) Last(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return uint64(len(m.stored)), nil
}

// Epoch implements [event.Tail].
func (m *Memory) Epoch() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.epoch
}

// Ring implements [event.Bell].
func (m *Memory) Ring(name string) {
	m.mu.Lock()
	bells := slices.Clone(m.bells[name])
	m.mu.Unlock()
	for _, f := range bells {
		(*f)()
	}
}

// OnRing implements [event.Bell].
func (m *Memory) OnRing(name string, f func()) (stop func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	bell := &f
	m.bells[name] = append(m.bells[name], bell)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.bells[name] = slices.DeleteFunc(m.bells[name], func(b *func()) bool { return b == bell })
	}, nil
}

// Ready implements [event.Bus].
func (m *Memory) Ready(context.Context) error { return nil }

// Close implements [event.Bus].
func (m *Memory) Close() {}

// Behind implements [event.Gauge]. It counts messages of all topics.
func (m *Memory) Behind(_ context.Context, name string) (messages int64, upTo time.Time, err error) {
	g := m.group(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	if messages = int64(len(m.stored) - g.next); messages == 0 {
		upTo = time.Now().UTC()
	}
	return messages, upTo, nil
}

// Oldest implements [event.Gauge].
func (m *Memory) Oldest(_ context.Context, name string, topics []string) (time.Time, error) {
	g := m.group(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := g.next; n < len(m.stored); n++ {
		if event.Covers(topics, m.stored[n].Topic) {
			return m.at[n], nil
		}
	}
	return time.Time{}, nil
}
