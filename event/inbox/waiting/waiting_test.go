package waiting_test

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// own stands for the tables of the listening service.
var (
	own    = fstest.MapFS{"00001_own.sql": {Data: []byte("-- +goose Up\nCREATE TABLE own (n bigint);\n")}}
	schema = database.Schema{own, database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}
)

// group migrates a database and takes the lease of group g for "me".
func group(ctx context.Context, db *gorm.DB) error {
	if err := schema.Migrate(ctx, db); err != nil {
		return err
	}
	_, err := lease.Take(db.WithContext(ctx), "g", "me", lease.State{})
	return err
}

func letter(key string, n int) waiting.Letter {
	return waiting.Letter{
		Group: "g", Key: key, ID: fmt.Sprintf("%s/%d", key, n), Type: "amends.order.told.v1", Topic: "evt.order.told",
		Header: map[string]string{"ce-id": "1"}, Data: []byte("{}"), State: waiting.Waiting, Since: time.Now().UTC().Truncate(time.Microsecond),
	}
}

func put(t *testing.T, db *gorm.DB, all ...waiting.Letter) {
	t.Helper()
	require.NoError(t, lease.Change(db.WithContext(t.Context()), "g", "me", func(tx *gorm.DB) error { return waiting.Put(tx, all) }))
}

func due(t *testing.T, db *gorm.DB, busy ...string) []string {
	t.Helper()
	keys, _, err := waiting.Due(db.WithContext(t.Context()), "g", time.Now().UTC().Add(time.Second), busy, 10)
	require.NoError(t, err)
	return keys
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	t.Parallel()
	dbtest.SetUpDownUp(t, "inbox", schema.Migrate, schema.Ready)
}

func TestOnlyTheHeadOfAKeyIsDue(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, group, func(t *testing.T, db *gorm.DB) {
		put(t, db, letter("a", 1), letter("b", 1), letter("a", 2), letter("a", 1))
		require.ElementsMatch(t, []string{"a", "b"}, due(t, db))
		require.Equal(t, []string{"b"}, due(t, db, "a", "c"))
		early, next, err := waiting.Due(db.WithContext(t.Context()), "g", time.Now().UTC().Add(-time.Hour), nil, 10)
		require.NoError(t, err)
		require.Empty(t, early)
		require.WithinDuration(t, time.Now(), next, time.Hour)

		head := func() waiting.Letter {
			l, ok, err := waiting.Head(db.WithContext(t.Context()), "g", "a")
			require.NoError(t, err)
			require.True(t, ok)
			return l
		}
		settle := func(l waiting.Letter, s waiting.State) {
			now := time.Now().UTC().Truncate(time.Microsecond)
			if l.State, l.NextAt = s, nil; s != waiting.Parked {
				l.SettledAt = &now
			}
			require.NoError(t, lease.Change(db.WithContext(t.Context()), "g", "me", func(tx *gorm.DB) error {
				open, err := waiting.Settle(tx, l)
				require.True(t, open)
				return err
			}))
		}
		require.Equal(t, "a/1", head().ID)
		settle(head(), waiting.Parked)
		require.Equal(t, []string{"b"}, due(t, db), "a dead letter is not due, nor what waits behind it")

		urgent := letter("a", 3)
		urgent.Urgent = true
		put(t, db, urgent)
		require.Equal(t, "a/3", head().ID)
		require.ElementsMatch(t, []string{"a", "b"}, due(t, db))
		settle(head(), waiting.Handled)
		require.Equal(t, []string{"b"}, due(t, db))
		settle(head(), waiting.Discarded)
		require.Equal(t, "a/2", head().ID)
		require.NotNil(t, head().NextAt)
		l := head()
		settle(l, waiting.Handled)
		require.NoError(t, lease.Change(db.WithContext(t.Context()), "g", "me", func(tx *gorm.DB) error {
			open, err := waiting.Settle(tx, l)
			require.False(t, open, "a settled letter stays as it is")
			return err
		}))

		known, blocked, err := waiting.Known(db.WithContext(t.Context()), "g", []string{"a/1", "a/2", "x", "b"}, []string{"a", "b", "c", "a/1"})
		require.NoError(t, err)
		require.Equal(t, map[string]bool{"a/1": true, "a/2": true}, known, "settled ones too")
		require.Equal(t, map[string]bool{"b": true}, blocked)
	})
}

func TestALeaseIsHeldByOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, group, func(t *testing.T, db *gorm.DB) {
		db = db.WithContext(t.Context())
		nothing := func(*gorm.DB) error { return nil }
		seen, err := lease.Held(db, "g")
		require.NoError(t, err)
		require.Equal(t, lease.State{Holder: "me", Beat: 1}, seen)
		require.NoError(t, lease.Renew(db, "g", "me"))
		taken, err := lease.Take(db, "g", "you", seen)
		require.NoError(t, err)
		require.False(t, taken, "it has beaten since")

		require.NoError(t, lease.Change(db, "g", "me", nothing))
		require.NoError(t, lease.Change(db, "g", lease.Anyone, nothing))
		require.ErrorIs(t, lease.Change(db, "g", "you", nothing), lease.ErrLost)
		require.Equal(t, fault.NotFound, fault.CodeOf(lease.Change(db, "other", lease.Anyone, nothing)))

		seen, err = lease.Held(db, "g")
		require.NoError(t, err)
		taken, err = lease.Take(db, "g", "you", seen)
		require.NoError(t, err)
		require.True(t, taken)
		require.ErrorIs(t, lease.Renew(db, "g", "me"), lease.ErrLost)
		require.ErrorIs(t, lease.Release(db, "g", "me"), lease.ErrLost)
		require.NoError(t, lease.Release(db, "g", "you"))
	})
}

func TestListPagesAndStandCounts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, group, func(t *testing.T, db *gorm.DB) {
		none, err := waiting.Stand(t.Context(), db, "g")
		require.NoError(t, err)
		require.Zero(t, none)
		all := make([]waiting.Letter, 7)
		for n := range all {
			all[n] = letter([]string{"a", "b"}[n%2], n)
		}
		all[3].State = waiting.Parked
		put(t, db, all...)
		var ids []string
		q := waiting.Query{Group: "g", Limit: 3}
		for {
			p, err := waiting.NewDesk(db).List(t.Context(), q)
			require.NoError(t, err)
			for _, l := range p.Letters {
				ids = append(ids, l.ID)
			}
			if q.After = p.Next; q.After == 0 {
				break
			}
		}
		require.Equal(t, []string{"a/0", "b/1", "a/2", "b/3", "a/4", "b/5", "a/6"}, ids)
		p, err := waiting.NewDesk(db).List(t.Context(), waiting.Query{Key: "b", State: waiting.Parked})
		require.NoError(t, err)
		require.Len(t, p.Letters, 1)
		require.Equal(t, map[string]string{"ce-id": "1"}, p.Letters[0].Header)
		require.Equal(t, all[3].Since, p.Letters[0].Since.UTC())
		s, err := waiting.Stand(t.Context(), db, "g")
		require.NoError(t, err)
		require.Equal(t, waiting.Standing{Waiting: 6, Dead: 1, Oldest: s.Oldest, Told: s.Oldest}, s, "its message is no event")
		require.Equal(t, all[0].Since, s.Oldest.UTC())
	})
}

func TestForgetsWhatWasSettledForLong(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, group, func(t *testing.T, db *gorm.DB) {
		db = db.WithContext(t.Context())
		claim := func() (fresh []event.Event) {
			require.NoError(t, waiting.Once(t.Context(), db, "g", []event.Event{{ID: "1"}, {ID: "2"}}, func(_ *gorm.DB, events []event.Event) error {
				fresh = events
				return nil
			}))
			return fresh
		}
		require.Len(t, claim(), 2)
		require.Empty(t, claim())
		put(t, db, letter("a", 1), letter("b", 1))
		_, err := waiting.NewDesk(db).Discard(t.Context(), waiting.Request{Selection: waiting.Selection{Group: "g", ID: "a/1"}, Reason: "r", Operator: "o"})
		require.NoError(t, err)

		more, err := waiting.Forget(db, time.Now().UTC().Add(-time.Minute), 1)
		require.NoError(t, err)
		require.False(t, more)
		require.Empty(t, claim())
		more, err = waiting.Forget(db, time.Now().UTC().Add(time.Minute), 1)
		require.NoError(t, err)
		require.True(t, more)
		_, err = waiting.Forget(db, time.Now().UTC().Add(time.Minute), 9)
		require.NoError(t, err)
		require.Len(t, claim(), 2)
		h, err := waiting.NewDesk(db).Show(t.Context(), "a/1")
		require.NoError(t, err)
		require.Empty(t, h.Letters)
		require.Len(t, h.Decisions, 1, "decisions are kept for ever")
		p, err := waiting.NewDesk(db).List(t.Context(), waiting.Query{})
		require.NoError(t, err)
		require.Len(t, p.Letters, 1, "so are open letters")
	})
}

// A process that read the list of redrives before one stopped must not go on with it.
func TestAnEndedRedriveHasNoNextItem(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, group, func(t *testing.T, db *gorm.DB) {
		for _, key := range []string{"a", "b"} {
			l := letter(key, 1)
			l.State = waiting.Parked
			put(t, db, l)
		}
		db = db.WithContext(t.Context())
		r, _, err := waiting.NewDesk(db).Redrive(t.Context(), waiting.Request{
			Selection: waiting.Selection{Group: "g", All: true}, Reason: "mended", Operator: "ada",
		})
		require.NoError(t, err)
		i, ok, err := waiting.NextItem(db, r.ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "a", i.Key)
		require.NoError(t, waiting.SettleItem(db, i, "failed", fault.Mismatch))
		_, ok, err = waiting.NextItem(db, r.ID)
		require.NoError(t, err)
		require.False(t, ok)
	})
}
