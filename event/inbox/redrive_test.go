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
	"github.com/amends/amends/fault"
)

// broken is a listener with a bug that can be mended.
type broken struct {
	*heard
	mended atomic.Bool
	still  sync.Map // ids that fail nevertheless
}

func (b *broken) handle(_ context.Context, e event.Event) error {
	b.call(e)
	if _, still := b.still.Load(e.ID); still || !b.mended.Load() {
		return bug
	}
	b.effect(e)
	return nil
}

func ask(s waiting.Selection) waiting.Request {
	s.Group = "g"
	return waiting.Request{Selection: s, Reason: "mended", Operator: "ada", Rate: 100}
}

func ended(t *testing.T, db *gorm.DB, id string) (p waiting.Progress) {
	t.Helper()
	eventually(t, func() bool {
		var err error
		p, err = waiting.NewDesk(db).Progress(t.Context(), id)
		require.NoError(t, err)
		return p.EndedAt != nil
	})
	return p
}

func TestRedriveHandlesTheDeadOnceAndWhatWaitsBehind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		for n := range 3 {
			for k := range 12 {
				b.tell(nth(told, fmt.Sprintf("k%02d", k), n))
			}
		}
		l := &broken{heard: newHeard()}
		run(t, inbox.React(listener(l.handle), quick(db, b)))
		dead(t, db, 12)
		require.Zero(t, l.total())
		l.mended.Store(true)

		r, n, err := waiting.NewDesk(db).Redrive(t.Context(), ask(waiting.Selection{Key: "k03"}))
		require.NoError(t, err)
		require.Equal(t, int64(1), n)
		require.Equal(t, map[string]int64{"handled": 1}, ended(t, db, r.ID).Items)
		eventually(t, func() bool { return l.total() == 3 })

		r, n, err = waiting.NewDesk(db).Redrive(t.Context(), ask(waiting.Selection{All: true}))
		require.NoError(t, err)
		require.Equal(t, int64(11), n)
		p := ended(t, db, r.ID)
		require.Equal(t, "done", p.State)
		require.Equal(t, map[string]int64{"handled": 11}, p.Items)
		eventually(t, func() bool { return l.total() == 36 && len(letters(t, db, "")) == 0 })
		for k := range 12 {
			require.Equal(t, upTo(3), l.order(fmt.Sprintf("k%02d", k)))
		}

		h, err := waiting.NewDesk(db).Show(t.Context(), nth(told, "k03", 0).ID)
		require.NoError(t, err)
		require.Equal(t, waiting.Handled, h.Letters[0].State)
		require.Equal(t, int64(2), h.Letters[0].Attempts)
		require.Len(t, h.Decisions, 1)
		require.Equal(t, [4]string{"ada", "mended", "key k03", "handled"},
			[4]string{h.Decisions[0].Operator, h.Decisions[0].Reason, h.Decisions[0].Selection, h.Decisions[0].Item.Result})

		_, _, err = waiting.NewDesk(db).Redrive(t.Context(), ask(waiting.Selection{All: true}))
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		b.tell(nth(told, "k03", 0)) // the broker's copy, however late
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		require.Equal(t, 2, l.calls[nth(told, "k03", 0).ID])
	})
}

// TestRedriveStopsItself: the bug is mended for some only. The redrive stops at the first
// failure, and the letters behind it are not tried.
func TestRedriveStopsItself(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		for k := range 30 {
			b.tell(nth(told, fmt.Sprintf("k%02d", k), 0))
		}
		l := &broken{heard: newHeard()}
		run(t, inbox.React(listener(l.handle), quick(db, b)))
		dead(t, db, 30)
		l.mended.Store(true)
		planted := nth(told, "k05", 0).ID
		l.still.Store(planted, true)
		r, _, err := waiting.NewDesk(db).Redrive(t.Context(), ask(waiting.Selection{All: true}))
		require.NoError(t, err)
		p := ended(t, db, r.ID)
		require.Equal(t, "stopped", p.State)
		require.Equal(t, planted, p.Failed)
		require.Equal(t, map[string]int64{"handled": 5, "failed": 1, "requested": 24}, p.Items)
		dead(t, db, 25)
		require.Equal(t, 5, l.total())
		require.Equal(t, 1, l.calls[nth(told, "k06", 0).ID])
	})
}

func TestTwoRedrivesOfOneEventHaveOneEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		for k := range 8 {
			b.tell(nth(told, fmt.Sprintf("k%d", k), 0))
		}
		l := &broken{heard: newHeard()}
		stop := run(t, inbox.React(listener(l.handle), quick(db, b)))
		dead(t, db, 8)
		stop() // so that both begin together
		l.mended.Store(true)
		var ids []string
		for range 2 {
			r, n, err := waiting.NewDesk(db).Redrive(t.Context(), ask(waiting.Selection{All: true}))
			require.NoError(t, err)
			require.Equal(t, int64(8), n)
			ids = append(ids, r.ID)
		}
		run(t, inbox.React(listener(l.handle), quick(db, b)))
		first, second := ended(t, db, ids[0]), ended(t, db, ids[1])
		require.Equal(t, int64(8), first.Items["handled"]+second.Items["handled"])
		require.Equal(t, int64(8), first.Items["skipped"]+second.Items["skipped"])
		for k := range 8 {
			require.Equal(t, 2, l.calls[nth(told, fmt.Sprintf("k%d", k), 0).ID], "once before and once after")
		}
	})
}

// TestARedriveGoesOnInAnotherProcess: the first one stops in the middle.
func TestARedriveGoesOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		for k := range 20 {
			b.tell(nth(told, fmt.Sprintf("k%02d", k), 0))
		}
		l := &broken{heard: newHeard()}
		o := quick(db, b)
		o.Step = time.Hour // after the first letter
		stop := run(t, inbox.React(listener(l.handle), o))
		dead(t, db, 20)
		l.mended.Store(true)
		r, _, err := waiting.NewDesk(db).Redrive(t.Context(), ask(waiting.Selection{All: true}))
		require.NoError(t, err)
		eventually(t, func() bool { return l.total() == 1 })
		stop()
		run(t, inbox.React(listener(l.handle), quick(db, b)))
		require.Equal(t, map[string]int64{"handled": 20}, ended(t, db, r.ID).Items)
	})
}

func TestDiscardGivesUpOneEventOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus(nth(told, "a", 0), nth(told, "a", 1), nth(told, "a", 2))
		l := &broken{heard: newHeard()}
		l.mended.Store(true)
		l.still.Store(nth(told, "a", 0).ID, true)
		run(t, inbox.React(listener(l.handle), quick(db, b)))
		dead(t, db, 1)
		_, err := waiting.NewDesk(db).Discard(t.Context(), ask(waiting.Selection{ID: "no such"}))
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, err = waiting.NewDesk(db).Discard(t.Context(), waiting.Request{Selection: waiting.Selection{Group: "g", ID: nth(told, "a", 0).ID}, Operator: "ada"})
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		for _, card := range []waiting.Selection{{Key: "4242 4242 4242 4242"}, {ID: "4242424242424242"}} {
			_, _, err = waiting.NewDesk(db).Redrive(t.Context(), ask(card))
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%s: a selection is kept for ever", card)
			require.NotContains(t, err.Error(), "4242")
		}
		_, err = waiting.NewDesk(db).Discard(t.Context(), ask(waiting.Selection{ID: nth(told, "a", 0).ID}))
		require.NoError(t, err)
		eventually(t, func() bool { return l.total() == 2 })
		require.Equal(t, []int{1, 2}, l.order("a"))
		_, err = waiting.NewDesk(db).Discard(t.Context(), ask(waiting.Selection{ID: nth(told, "a", 0).ID}))
		require.Equal(t, fault.NotFound, fault.CodeOf(err), "twice")
		b.tell(nth(told, "a", 0)) // the broker's copy
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		require.Equal(t, []int{1, 2}, l.order("a"))
		h, err := waiting.NewDesk(db).Show(t.Context(), nth(told, "a", 0).ID)
		require.NoError(t, err)
		require.Equal(t, waiting.Discarded, h.Letters[0].State)
		require.Equal(t, "discard", h.Decisions[0].Action)
	})
}
