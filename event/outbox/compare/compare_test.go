package compare_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/key"
)

var schema = database.Schema{barrier.Migrations, database.Set(outbox.Name, outbox.Migrations)}

// data is that of a step fact.
type data struct {
	key.Key

	Units int `json:"units,omitempty"`
}

func declare(name string) event.Fact[data] {
	return event.Declare[data](event.Declaration{Service: "inventory", Name: name, Version: 1, Key: "order"})
}

var reserved, refused, released, changed = declare("reserved"), declare("refused"), declare("released"), declare("stock_changed")

// reserve tells the record of the one step of these tests.
var reserve = outbox.Step[int]{
	Done: func(k key.Key, units int) []event.Event {
		return []event.Event{reserved.New(k.Saga, k.Saga, data{k, units})}
	},
	Refused: func(k key.Key, _ fault.Code) []event.Event {
		return []event.Event{refused.New(k.Saga, k.Saga, data{Key: k})}
	},
	Ended: func(k key.Key, _ int) []event.Event { return []event.Event{released.New(k.Saga, k.Saga, data{Key: k})} },
}

const step = "inventory.reserve"

type testBundle struct{ *gorm.DB }

// each has every state of a step: "done", "refused", "undone" and "blocked" are sagas.
func each(t *testing.T, body func(*testing.T, testBundle)) {
	t.Helper()
	dbtest.Each(t, schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b := testBundle{db}
		for _, saga := range []string{"done", "undone"} {
			require.NoError(t, b.do(t.Context(), saga, nil))
		}
		require.Error(t, b.do(t.Context(), "refused", fault.Errorf(fault.Business, "NONE", "none is left")))
		b.undo(t, "undone", "blocked")
		b.since(t, -time.Hour)
		body(t, b)
	})
}

func (b testBundle) do(ctx context.Context, saga string, err error) error {
	_, err = barrier.Do(ctx, b.DB, barrier.Call{Key: key.New(saga, step), Fingerprint: "f"},
		func(*gorm.DB) (int, error) { return 3, err }, reserve.Tell(ctx))
	return err
}

func (b testBundle) undo(t *testing.T, sagas ...string) {
	t.Helper()
	for _, saga := range sagas {
		require.NoError(t, barrier.Undo(t.Context(), b.DB, key.New(saga, step),
			func(*gorm.DB, int) error { return nil }, reserve.Tell(t.Context())))
	}
}

// since makes the outbox complete from a time on, relative to now.
func (b testBundle) since(t *testing.T, ago time.Duration) {
	t.Helper()
	b.damage(t, "UPDATE outbox_since SET at = ?", txn.Now().Add(ago))
}

func (b testBundle) damage(t *testing.T, statement string, args ...any) {
	t.Helper()
	res := b.Exec(statement, args...)
	require.NoError(t, res.Error)
	require.Positive(t, res.RowsAffected)
}

// double tells every row again that the condition selects.
func (b testBundle) double(t *testing.T, where string) {
	t.Helper()
	b.damage(t, "INSERT INTO outbox (event_id, type, key, data, meta, at) SELECT 'again', type, key, data, meta, at FROM outbox WHERE "+where)
}

func (b testBundle) audit(t *testing.T, r audit.Range) map[string]audit.Telling {
	t.Helper()
	entries, err := barrier.Entries(t.Context(), b.DB, r)
	require.NoError(t, err)
	all, err := compare.Entries(t.Context(), b.DB, r, entries, compare.Steps{step: reserve.Events})
	require.NoError(t, err)
	return all
}

func missing(what, eventType string) audit.Telling {
	return audit.Telling{Missing: []string{what + ", and no event amends.inventory." + eventType + ".v1 tells it"}}
}

func TestEntries(t *testing.T) {
	t.Parallel()

	t.Run("FindsNothingAfterOrdinaryCalls", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			require.NoError(t, b.do(t.Context(), "done", nil), "a repeat")
			b.undo(t, "undone", "blocked")
			require.Empty(t, b.audit(t, audit.Range{}))
			b.damage(t, "DELETE FROM barrier")
			require.Empty(t, b.audit(t, audit.Range{}), "without an entry nothing must be told")
		})
	})

	t.Run("FindsEveryResultThatIsNotTold", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			b.damage(t, "DELETE FROM outbox")
			want := map[string]audit.Telling{
				"done":    missing(step+" is done", "reserved"),
				"refused": missing(step+" is refused", "refused"),
				"blocked": missing(step+" is blocked", "released"),
				"undone": {Missing: []string{
					step + " is done, and no event amends.inventory.reserved.v1 tells it",
					step + " is undone, and no event amends.inventory.released.v1 tells it",
				}},
			}
			require.Equal(t, want, b.audit(t, audit.Range{}))
			require.Equal(t, map[string]audit.Telling{"done": want["done"]}, b.audit(t, audit.Range{After: "blocked", To: "done"}))
			require.Equal(t, map[string]audit.Telling{"refused": want["refused"]}, b.audit(t, audit.Range{Sagas: []string{"refused", "nobody"}}))
		})
	})

	t.Run("ComparesEachStepByItsKey", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			b.damage(t, `UPDATE outbox SET data = replace(data, 'inventory.reserve', 'inventory.other') WHERE key = 'done'`)
			require.Equal(t, map[string]audit.Telling{"done": missing(step+" is done", "reserved")}, b.audit(t, audit.Range{}))
		})
	})

	t.Run("NeedsNoEventFromBeforeTheOutbox", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			b.damage(t, "DELETE FROM outbox")
			b.since(t, time.Hour)
			require.Empty(t, b.audit(t, audit.Range{}))
			b.damage(t, "DELETE FROM outbox_since")
			require.Empty(t, b.audit(t, audit.Range{}), "nor from an unknown time")
		})
	})

	t.Run("FindsWhatIsToldTwice", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			b.double(t, "key = 'done'")
			doubled := audit.Telling{Doubled: []string{
				"amends.inventory.reserved.v1 is told again for done/inventory.reserve, although no event asked for it",
			}}
			require.Equal(t, map[string]audit.Telling{"done": doubled}, b.audit(t, audit.Range{}))
			b.since(t, time.Hour)
			require.Equal(t, map[string]audit.Telling{"done": doubled}, b.audit(t, audit.Range{}), "however old it is")
		})
	})

	t.Run("ComparesTheOthersBesideAnEventThatCannotBeRead", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			for _, column := range []string{"data", "meta"} {
				b.damage(t, "INSERT INTO outbox (event_id, type, key, data, meta, at) SELECT '"+column+"', type, key, data, meta, at FROM outbox WHERE key = 'refused'")
				b.damage(t, "UPDATE outbox SET "+column+` = '"nothing"' WHERE event_id = ?`, column)
			}
			require.Empty(t, b.audit(t, audit.Range{}), "its result is told by another event")
			b.damage(t, "DELETE FROM outbox WHERE key = 'refused' AND event_id NOT IN ('data', 'meta')")
			require.Equal(t, map[string]audit.Telling{"refused": missing(step+" is refused", "refused")}, b.audit(t, audit.Range{}))
		})
	})

	t.Run("LetsAnEventAskAgain", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			ctx := event.CausedBy(t.Context(), event.Event{ID: "cause"})
			require.NoError(t, b.do(ctx, "done", nil))
			require.NoError(t, b.do(ctx, "done", nil))
			require.Empty(t, b.audit(t, audit.Range{}))
		})
	})
}

// A state fact may be told once for each version.
func TestSagas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		tell := func(version int64) {
			require.NoError(t, txn.Run(t.Context(), b.DB, func(tx *gorm.DB) error {
				return outbox.Tell(tx, changed.At("s", "s", version, data{}))
			}))
		}
		tell(1)
		tell(2)
		look := func(eventType string) map[string]audit.Telling {
			all, err := compare.Sagas(t.Context(), b.DB, audit.Range{}, []compare.Result{
				{Saga: "s", What: "it has changed", Type: eventType, At: txn.Now()},
			})
			require.NoError(t, err)
			return all
		}
		require.Empty(t, look(changed.Type()))
		require.Equal(t, map[string]audit.Telling{"s": missing("it has changed", "reserved")}, look(reserved.Type()))
		tell(2)
		require.Len(t, look(changed.Type())["s"].Doubled, 1)
	})
}

// The newest fact of a saga that reactions take on is told again to set it going.
func TestASagaOfReactionsMayBeToldAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		for range 2 {
			e := changed.At("s", "s", 1, data{})
			e.Style = "choreographed"
			require.NoError(t, txn.Run(t.Context(), b.DB, func(tx *gorm.DB) error { return outbox.Tell(tx, e) }))
		}
		all, err := compare.Sagas(t.Context(), b.DB, audit.Range{}, []compare.Result{
			{Saga: "s", What: "it has changed", Type: changed.Type(), At: txn.Now()},
		})
		require.NoError(t, err)
		require.Empty(t, all)
	})
}

func TestUndelivered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		look := func(before time.Time) []string {
			all, err := compare.Undelivered(t.Context(), b.DB, before)
			require.NoError(t, err)
			return all
		}
		b.damage(t, "UPDATE outbox SET at = ?", time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
		require.Empty(t, look(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)))
		late := time.Date(2026, 11, 1, 12, 10, 0, 0, time.UTC)
		require.Equal(t, []string{"5 events wait for the broker, the oldest since 2026-11-01 12:00:00"}, look(late))
		b.damage(t, "UPDATE outbox SET dead_at = at, error = 'too large' WHERE key = 'done'")
		b.damage(t, "UPDATE outbox SET published_at = at WHERE key <> 'done'")
		dead := []string{"1 events are dead, the oldest since 2026-11-01 12:00:00: too large"}
		require.Equal(t, dead, look(late))
		require.Equal(t, dead, look(time.Time{}), "no time makes them better")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := compare.Undelivered(ctx, b.DB, late)
		require.ErrorIs(t, err, context.Canceled)
	})
}
