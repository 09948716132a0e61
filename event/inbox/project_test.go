package inbox_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
)

// effects returns the rows of a key in the order in which they were written.
func effects(t *testing.T, db *gorm.DB, key string) (all []int) {
	t.Helper()
	require.NoError(t, db.WithContext(t.Context()).Raw("SELECT n FROM effect WHERE event_key = ? ORDER BY position", key).Scan(&all).Error)
	return all
}

// write returns a projection that writes a row for each event, whose position is the
// number of rows before it.
func write(before func(tx *gorm.DB, events []event.Event) error) inbox.Projection {
	return inbox.Projection{Group: "g", Facts: facts, Apply: func(tx *gorm.DB, events []event.Event) error {
		for _, e := range events {
			n, err := number(e)
			if err != nil {
				return err
			}
			if err := tx.Exec("INSERT INTO effect (position, event_key, n) SELECT count(*), CAST(? AS text), CAST(? AS bigint) FROM effect WHERE event_key = ?", e.Key, n, e.Key).Error; err != nil {
				return err
			}
		}
		return before(tx, events)
	}}
}

func TestProjectionHandles200InOneTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		var events []event.Event
		for n := range 499 {
			events = append(events, nth(told, fmt.Sprintf("k%d", n%7), n/7))
		}
		b := newBus(append(events, events[0])...) // the first one again
		b.Twice(1)
		var transactions atomic.Int64
		run(t, inbox.Project(write(func(*gorm.DB, []event.Event) error { transactions.Add(1); return nil }), quick(db, b)))
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		require.Equal(t, int64(499), count(t, db, "effect"))
		require.Equal(t, int64(499), count(t, db, "inbox"))
		require.Equal(t, int64(3), transactions.Load(), "of 200, 200 and 99; copies take none")
	})
}

func TestAFailingBatchIsSplit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		var events []event.Event
		for n := range 200 {
			events = append(events, nth(told, fmt.Sprintf("k%d", n%10), n/10))
		}
		b := newBus(events...)
		poison := nth(told, "k3", 11).ID
		run(t, inbox.Project(write(func(_ *gorm.DB, events []event.Event) error {
			for _, e := range events {
				if e.ID == poison {
					return bug
				}
			}
			return nil
		}), quick(db, b)))
		eventually(t, func() bool { return b.unacknowledged() == 0 })
		require.Equal(t, int64(200-9), count(t, db, "effect"))
		for k := range 10 {
			want := 20
			if k == 3 {
				want = 11
			}
			require.Equal(t, upTo(want), effects(t, db, fmt.Sprintf("k%d", k)))
		}
		dead := letters(t, db, waiting.Parked)
		require.Len(t, dead, 1)
		require.Equal(t, poison, dead[0].ID)
		require.Len(t, letters(t, db, waiting.Waiting), 8)
	})
}

func TestProjectionRetriesInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		for n := range 10 {
			b.tell(nth(told, "a", n), nth(told, "b", n))
		}
		var left atomic.Int64
		left.Store(12)
		run(t, inbox.Project(write(func(_ *gorm.DB, events []event.Event) error {
			for _, e := range events {
				if e.Key == "a" && left.Add(-1) >= 0 {
					return errors.New("not yet")
				}
			}
			return nil
		}), quick(db, b)))
		eventually(t, func() bool { return count(t, db, "effect") == 20 })
		require.Equal(t, upTo(10), effects(t, db, "a"))
		require.Equal(t, upTo(10), effects(t, db, "b"))
	})
}

// TestDatabaseAwayAcknowledgesNothing: an event that can neither be handled nor kept stays
// with the bus.
func TestDatabaseAwayAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b := newBus()
		o := quick(db, b)
		run(t, inbox.Project(write(func(*gorm.DB, []event.Event) error { return nil }), o))
		eventually(t, func() bool { l, err := lease.Held(db, "g"); return err == nil && l.Beat > 0 })

		require.NoError(t, db.Exec("ALTER TABLE waiting RENAME TO away").Error)
		require.NoError(t, db.Exec("ALTER TABLE effect RENAME TO away_too").Error)
		for n := range 20 {
			b.tell(nth(told, fmt.Sprintf("k%d", n%3), n/3))
		}
		require.Never(t, func() bool { return b.unacknowledged() < 20 }, 100e6, 10e6)
		require.NoError(t, db.Exec("ALTER TABLE away_too RENAME TO effect").Error)
		require.NoError(t, db.Exec("ALTER TABLE away RENAME TO waiting").Error)
		eventually(t, func() bool { return b.unacknowledged() == 0 && count(t, db, "effect") == 20 })
		require.Equal(t, upTo(7), effects(t, db, "k0"))
	})
}
