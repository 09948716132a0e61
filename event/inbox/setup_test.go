package inbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/eventtest/faults"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type note struct {
	N int `json:"n"`
}

var (
	told = event.Declare[note](event.Declaration{Service: "order", Name: "told", Version: 1, Key: "order"})
	// toldToo is another version, which shares the topic and which no group follows.
	toldToo = event.Declare[note](event.Declaration{Service: "order", Name: "told", Version: 2, Key: "order"})
	aborted = event.Declare[note](event.Declaration{Service: "order", Name: "aborted", Version: 1, Key: "order", Urgent: true})
	facts   = []event.Declaration{told.Declaration, aborted.Declaration}
)

// nth returns the nth event of a key.
func nth(f event.Fact[note], key string, n int) event.Event {
	e := f.New(key, key, note{n})
	e.ID, e.Time = fmt.Sprintf("%s/%s/%d", f.Name, key, n), time.Now().UTC()
	return e
}

// bus is a broker in memory for one group, which can fail.
type bus struct {
	*faults.Bus
	*counted
}

// counted counts the messages that the group has acknowledged.
type counted struct {
	*eventtest.Memory
	acked atomic.Int64
}

func newBus(events ...event.Event) bus {
	c := &counted{Memory: eventtest.NewMemory()}
	b := bus{faults.New(c), c}
	b.tell(events...)
	return b
}

func (c *counted) Consume(ctx context.Context, group string, topics []string, handle func(context.Context, []event.Message) error) error {
	return c.Memory.Consume(ctx, group, topics, func(ctx context.Context, batch []event.Message) error {
		err := handle(ctx, batch)
		if err == nil {
			c.acked.Add(int64(len(batch)))
		}
		return err
	})
}

// tell publishes events, all at once.
func (c *counted) tell(events ...event.Event) {
	batch := make([]event.Message, len(events))
	for i, e := range events {
		batch[i] = event.Encode(e)
	}
	c.publish(batch...)
}

func (c *counted) publish(batch ...event.Message) {
	if _, err := c.Publish(context.Background(), batch); err != nil {
		panic(err)
	}
}

// unacknowledged returns the number of messages that are not.
func (c *counted) unacknowledged() int { return len(c.Stored()) - int(c.acked.Load()) }

// heard records the events that a handler was given and those that took effect.
type heard struct {
	mu    sync.Mutex
	calls map[string]int
	of    map[string][]int // by key, the numbers in the order of their effects
	once  map[string]bool
}

func newHeard() *heard {
	return &heard{calls: map[string]int{}, of: map[string][]int{}, once: map[string]bool{}}
}

// call counts a call of the handler.
func (h *heard) call(e event.Event) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[e.ID]++
	return h.calls[e.ID]
}

// effect records the effect of an event, as a barrier does: once.
func (h *heard) effect(e event.Event) {
	data, err := number(e)
	if err != nil {
		panic(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.once[e.ID] {
		h.once[e.ID] = true
		h.of[e.Key] = append(h.of[e.Key], data)
	}
}

func number(e event.Event) (int, error) {
	f := told
	if e.Type == aborted.Type() {
		f = aborted
	}
	data, err := f.Read(e)
	return data.N, err
}

// order returns the effects of a key.
func (h *heard) order(key string) []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.of[key])
}

func (h *heard) total() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, of := range h.of {
		n += len(of)
	}
	return n
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// own stands for the tables of the listening service.
var own = fstest.MapFS{"00001_effect.sql": {Data: []byte("-- +goose Up\nCREATE TABLE effect (position integer, event_key text, n bigint);\n")}}

// migrate migrates a listener's database.
func migrate(ctx context.Context, db *gorm.DB) error {
	return database.Schema{own, database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}.Migrate(ctx, db)
}

func each(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	dbtest.Each(t, migrate, body)
}

// quick are options with short times.
func quick(db *gorm.DB, b bus) inbox.Options {
	return inbox.Options{
		DB: db, Bus: b.Bus, Retry: waiting.Retry{First: 10 * time.Millisecond, Most: 40 * time.Millisecond}, Poll: 20 * time.Millisecond,
		Step: 10 * time.Millisecond, Patience: 10 * time.Second, Logger: slog.New(slog.DiscardHandler),
	}
}

// run runs a group until the test ends, or stop is called.
func run(t *testing.T, g *inbox.Group) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	return stop
}

// eventually waits for less than the minute in which a mutant must be caught.
func eventually(t *testing.T, claim func() bool, words ...any) {
	t.Helper()
	require.Eventually(t, claim, 40*time.Second, 5*time.Millisecond, words...)
}

// letters returns the letters of the group g that are in the state.
func letters(t *testing.T, db *gorm.DB, s waiting.State) []waiting.Letter {
	t.Helper()
	p, err := waiting.NewDesk(db).List(t.Context(), waiting.Query{Group: "g", State: s, Limit: 1000})
	require.NoError(t, err)
	return p.Letters
}

// dead waits until the group g has so many dead letters.
func dead(t *testing.T, db *gorm.DB, n int) {
	t.Helper()
	eventually(t, func() bool { return len(letters(t, db, waiting.Parked)) == n }, "%d dead letters", n)
}

// listener returns the listener g.
func listener(handle func(ctx context.Context, e event.Event) error) event.Listener {
	return event.Listener{Group: "g", Facts: facts, Handle: handle}
}
