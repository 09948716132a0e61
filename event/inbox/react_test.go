package inbox_test

import (
	"context"
	"errors"
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
	"github.com/amends/amends/fault"
)

var (
	bug       = fault.Errorf(fault.Bug, fault.Mismatch, "another request")
	transient = fault.Errorf(fault.Transient, fault.Unavailable, "not now")
)

// TestOrderPerKeyHoldsUnderFailures: every third attempt fails in some way, one
// acknowledgement in four is lost, and the effects of each key keep their order.
func TestOrderPerKeyHoldsUnderFailures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		const keys, of = 20, 15
		b := newBus()
		b.Twice(3)
		for n := range of {
			for k := range keys {
				b.tell(nth(told, fmt.Sprintf("k%d", k), n))
			}
		}
		h := newHeard()
		var calls atomic.Int64
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			switch h.call(e); calls.Add(1) % 9 {
			case 0:
				return transient
			case 3:
				return errors.New("no fault")
			case 6: // after the effect
				h.effect(e)
				return context.DeadlineExceeded
			}
			h.effect(e)
			return nil
		}), quick(db, b)))
		eventually(t, func() bool { return h.total() == keys*of })
		for k := range keys {
			require.Equal(t, upTo(of), h.order(fmt.Sprintf("k%d", k)))
		}
		eventually(t, func() bool { return len(letters(t, db, "")) == 0 && b.unacknowledged() == 0 })
	})
}

// Sagas of all styles tell the same facts.
func TestAReactionHearsTheSagasOfItsStyle(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		styled := func(style, key string) event.Event {
			e := nth(told, key, 1)
			e.Style = style
			return e
		}
		b := newBus(styled("", "a"), styled("other", "b"), styled("ours", "c"), styled("", "d"))
		h := newHeard()
		l := listener(func(_ context.Context, e event.Event) error { h.effect(e); return nil })
		l.Style = "ours"
		run(t, inbox.React(l, quick(db, b)))
		eventually(t, func() bool { return b.unacknowledged() == 3 && h.total() == 1 }) // the bus gives it no others
		require.Equal(t, []int{1}, h.order("c"))
		require.Empty(t, letters(t, db, ""))
	})
}

func TestPoisonStopsOnlyItsKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		const keys, of = 40, 25 // 1,000
		b := newBus()
		for n := range of {
			for k := range keys {
				b.tell(nth(told, fmt.Sprintf("k%d", k), n))
			}
		}
		poison := nth(told, "k7", 3).ID
		h := newHeard()
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			if h.call(e); e.ID == poison {
				return bug
			}
			h.effect(e)
			return nil
		}), quick(db, b)))
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		require.Equal(t, keys*of-(of-3), h.total())
		require.Equal(t, upTo(3), h.order("k7"))
		dead := letters(t, db, waiting.Parked)
		require.Len(t, dead, 1)
		require.Equal(t, poison, dead[0].ID)
		require.Equal(t, fault.Mismatch, dead[0].Code)
		require.NotNil(t, dead[0].FlaggedAt)
		require.Len(t, letters(t, db, waiting.Waiting), of-4)
		require.Equal(t, 1, h.calls[poison], "a bug is not tried again")
	})
}

func TestUrgentOvertakes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "parked", 0), nth(told, "parked", 1), nth(told, "waits", 0), nth(told, "waits", 1))
		o := quick(db, b)
		o.Retry.First, o.Retry.Most = time.Hour, time.Hour
		h := newHeard()
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			first := h.call(e) == 1
			n, err := number(e)
			switch {
			case err != nil:
				return err
			case n == 0 && e.Key == "parked":
				return bug
			case n == 0 && first:
				return transient
			}
			h.effect(e)
			return nil
		}), o))
		eventually(t, func() bool { return len(letters(t, db, "")) == 4 })
		b.tell(nth(aborted, "parked", 9), nth(aborted, "waits", 9))
		eventually(t, func() bool { return len(h.order("parked")) == 1 && len(h.order("waits")) == 3 })
		require.Equal(t, []int{9}, h.order("parked"), "the dead letter still blocks its key")
		require.Equal(t, []int{9, 0, 1}, h.order("waits"), "the overtaken one is tried at once")
	})
}

func TestPanicIsABug(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "a", 0), nth(told, "b", 0))
		h := newHeard()
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			if e.Key == "a" {
				panic("secret")
			}
			h.effect(e)
			return nil
		}), quick(db, b)))
		dead(t, db, 1)
		eventually(t, func() bool { return len(h.order("b")) == 1 }) // keys do not wait for each other
		require.Equal(t, "the handler panicked", letters(t, db, waiting.Parked)[0].Message)
	})
}

func TestAMessageThatIsNoEventBlocksNone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "a", 0))
		broken, nul, odd := event.Encode(nth(told, "a", 1)), event.Encode(nth(told, "a", 2)), event.Encode(nth(told, "a", 3))
		broken.Header["ce-time"] = "yesterday"
		nul.ID, nul.Header["ce-id"], nul.Header["x"] = "\x00", "a\x00b", "\xff\x00"
		nul.Data = []byte{0, 0xff}
		odd.Header["ce-type"] = toldToo.Type()
		b.publish(broken, nul, odd)
		b.tell(nth(told, "a", 4))
		h := newHeard()
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error { h.effect(e); return nil }), quick(db, b)))
		dead(t, db, 2)
		eventually(t, func() bool { return len(h.order("a")) == 2 })
		require.Equal(t, []int{0, 4}, h.order("a"))
		require.Equal(t, waiting.Data{0, 0xff}, letters(t, db, waiting.Parked)[1].Data)
	})
}

func TestBusinessAndSuspendedAreOutcomes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "a", 0), nth(told, "a", 1), nth(told, "a", 2))
		h := newHeard()
		run(t, inbox.React(listener(func(ctx context.Context, e event.Event) error {
			cause, ok := event.Cause(ctx)
			require.True(t, ok)
			require.Equal(t, e.ID, cause.ID)
			h.effect(e)
			return []error{fault.Errorf(fault.Business, "REFUSED", "no"), fault.Errorf(fault.Suspension, fault.Suspended, "late"), nil}[h.order("a")[len(h.order("a"))-1]]
		}), quick(db, b)))
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		require.Equal(t, upTo(3), h.order("a"))
		require.Empty(t, letters(t, db, ""))
	})
}

// TestASlowKeyStopsNoOther: a handler that does not return holds its key only, also for
// batches that come later.
func TestASlowKeyStopsNoOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "slow", 0), nth(told, "slow", 1))
		o := quick(db, b)
		o.Lanes, o.Patience = 1, 20*time.Millisecond
		h, goOn := newHeard(), make(chan struct{})
		run(t, inbox.React(listener(func(ctx context.Context, e event.Event) error {
			if h.call(e); e.ID == nth(told, "slow", 0).ID {
				select {
				case <-goOn:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			h.effect(e)
			return nil
		}), o))
		for n := range 10 {
			b.tell(nth(told, "other", n), nth(told, "slow", n+2))
		}
		eventually(t, func() bool { return len(h.order("other")) == 10 && b.unacknowledged() == 0 })
		require.Empty(t, h.order("slow"))
		close(goOn)
		eventually(t, func() bool { return len(h.order("slow")) == 12 })
		require.Equal(t, upTo(12), h.order("slow"))
		require.Equal(t, 1, h.calls[nth(told, "slow", 0).ID])
	})
}

func TestLanesRunInParallel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		for k := range 64 {
			b.tell(nth(told, fmt.Sprintf("k%d", k), 0))
		}
		var inside atomic.Int64
		together := make(chan struct{})
		h := newHeard()
		o := quick(db, b)
		o.Lanes, o.Patience, o.Limit = 4, time.Hour, time.Hour // a late handler would let the next one begin beside it
		run(t, inbox.React(listener(func(ctx context.Context, e event.Event) error {
			if inside.Add(1) == 4 {
				close(together)
			}
			select {
			case <-together:
			case <-ctx.Done():
				return ctx.Err()
			}
			h.effect(e)
			return nil
		}), o))
		eventually(t, func() bool { return h.total() == 64 })
	})
}

// meter keeps the last measurements.
type meter struct {
	mu              sync.Mutex
	handled, failed int
	waiting, dead   int64
}

func (m *meter) Handled(_ string, n int) { m.mu.Lock(); defer m.mu.Unlock(); m.handled += n }
func (m *meter) Failed(_, kind string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if kind == string(fault.Bug) {
		m.failed++
	}
}

func (m *meter) Stand(_ string, waiting, dead int64, _ time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting, m.dead = waiting, dead
}

func TestMeasuresAndWarns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "a", 0), nth(told, "a", 1), nth(told, "b", 0))
		o, m := quick(db, b), &meter{}
		o.Meter = m
		group := func() *inbox.Group {
			return inbox.React(listener(func(_ context.Context, e event.Event) error {
				if e.Key == "a" {
					return bug
				}
				return nil
			}), o)
		}
		stop := run(t, group())
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		stop()
		g := group()
		require.Empty(t, g.Warnings(), "it does not handle the group")
		run(t, g)
		eventually(t, func() bool { return len(g.Warnings()) == 1 })
		require.Contains(t, g.Warnings()[0], "g has 1 dead letters")
		m.mu.Lock()
		defer m.mu.Unlock()
		require.Equal(t, []int{1, 1}, []int{m.handled, m.failed})
		require.Equal(t, []int64{1, 1}, []int64{m.waiting, m.dead})
	})
}

func count(t *testing.T, db *gorm.DB, table string) (n int64) {
	t.Helper()
	require.NoError(t, db.WithContext(t.Context()).Table(table).Count(&n).Error)
	return n
}
