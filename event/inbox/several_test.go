package inbox_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
)

// TestOneProcessOfAGroupHandles: two processes, one of which leaves gracefully in the
// middle; no key is ever in two handlers, and the order holds. The other one does not wait
// until the lease has run out.
func TestOneProcessOfAGroupHandles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		h := newHeard()
		var by [2]atomic.Int64
		var inside sync.Map // keys that are in a handler
		o := quick(db, b)
		o.Lease = time.Hour
		start := func(n int) (stop func()) {
			return run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
				by[n].Add(1)
				if _, another := inside.LoadOrStore(e.Key, n); another {
					t.Errorf("key %s is in two handlers", e.Key)
				}
				defer inside.Delete(e.Key)
				if h.call(e); len(h.order(e.Key))%4 == 3 && h.calledOnce(e) {
					return transient
				}
				h.effect(e)
				return nil
			}), o))
		}
		stop := start(0)
		eventually(t, func() bool { l, err := lease.Held(db, "g"); return err == nil && l.Beat > 0 })
		start(1)
		tell := func(from, to int) {
			for n := from; n < to; n++ {
				for k := range 10 {
					b.tell(nth(told, fmt.Sprintf("k%d", k), n))
				}
			}
		}
		tell(0, 10)
		eventually(t, func() bool { return h.total() > 50 })
		require.Zero(t, by[1].Load(), "the second process only waits")
		stop()
		tell(10, 20)
		eventually(t, func() bool { return h.total() == 200 })
		require.NotZero(t, by[1].Load())
		for k := range 10 {
			require.Equal(t, upTo(20), h.order(fmt.Sprintf("k%d", k)))
		}
	})
}

func (h *heard) calledOnce(e event.Event) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[e.ID] == 1
}

// TestAFrozenProcessChangesNoLetter: a process sleeps inside a handler until another one
// has taken over and handled the event. Its late failure is not written.
func TestAFrozenProcessChangesNoLetter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "a", 0))
		var calls atomic.Int64
		frozen, thaw := make(chan struct{}), make(chan struct{})
		o := quick(db, b)
		o.Lease = time.Hour // it does not notice
		stop := run(t, inbox.React(listener(func(context.Context, event.Event) error {
			if calls.Add(1) == 1 {
				close(frozen)
				<-thaw
			}
			return bug
		}), o))
		<-frozen

		// The other process has seen no beat for long enough.
		seen, err := lease.Held(db.WithContext(t.Context()), "g")
		require.NoError(t, err)
		taken, err := lease.Take(db.WithContext(t.Context()), "g", "other", seen)
		require.NoError(t, err)
		require.True(t, taken)
		close(thaw)
		eventually(t, func() bool { return calls.Load() > 1 }) // the bus delivers again: it was not kept
		stop()
		require.Empty(t, letters(t, db, ""))
		require.Equal(t, 1, b.unacknowledged())
		l, err := lease.Held(db.WithContext(t.Context()), "g")
		require.NoError(t, err)
		require.Equal(t, "other", l.Holder, "nor did it give back a lease that it had lost")
	})
}

// TestADeadProcessIsReplaced: its beat stands still, and what it had not acknowledged has
// one effect, although it died after the effect.
func TestADeadProcessIsReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		taken, err := lease.Take(db.WithContext(t.Context()), "g", "dead", lease.State{})
		require.NoError(t, err)
		require.True(t, taken)
		first := []event.Event{nth(told, "a", 0)}
		require.NoError(t, waiting.Once(t.Context(), db, "g", first, write(func(*gorm.DB, []event.Event) error { return nil }).Apply))
		b := newBus(nth(told, "a", 0), nth(told, "a", 1))
		o := quick(db, b)
		o.Lease = 200 * time.Millisecond
		began := time.Now()
		run(t, inbox.Project(write(func(*gorm.DB, []event.Event) error { return nil }), o))
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		require.GreaterOrEqual(t, time.Since(began), o.Lease)
		require.Equal(t, upTo(2), effects(t, db, "a"))
	})
}

// TestAKillAfterTheEffect: the acknowledgement of every batch is lost once; each event has
// one effect, and a letter is not handled beside its copy.
func TestAKillAfterTheEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		h := newHeard()
		handle := func(_ context.Context, e event.Event) error {
			if n := h.call(e); n == 1 && len(h.order(e.Key)) == 4 {
				return transient
			}
			h.effect(e)
			return nil
		}
		for round := range 3 {
			b.Twice(3)
			for n := range 30 {
				b.tell(nth(told, fmt.Sprintf("k%d", n%3), 10*round+n/3))
			}
			stop := run(t, inbox.React(listener(handle), quick(db, b))) // a new process remembers nothing
			eventually(t, func() bool {
				return b.unacknowledged() == 0 && h.total() == 30*(round+1) && len(letters(t, db, "")) == 0
			})
			stop()
		}
		for k := range 3 {
			require.Equal(t, upTo(30), h.order(fmt.Sprintf("k%d", k)))
		}
	})
}
