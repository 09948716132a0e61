package outbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/eventtest/faults"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier/txn"
)

func TestRelay(t *testing.T) {
	t.Parallel()

	t.Run("IsWokenByTheCommit", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := eventtest.NewMemory()
			idle(t, outbox.NewRelay(db, bus, woken()))
			for i := range 3 {
				require.NoError(t, tell(t.Context(), db, some(i, 1, 1)...))
				eventually(t, func() bool { return len(bus.Stored()) == i+1 })
			}
			eventually(t, func() bool { return count(t, db, "seq IS NOT NULL AND published_at IS NOT NULL") == 3 })
		})
	})

	t.Run("PublishesABacklogInOrder", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := eventtest.NewMemory()
			for i := range 12 {
				require.NoError(t, tell(t.Context(), db, some(100*i, 100, 40)...))
			}
			start(t, outbox.NewRelay(db, bus, woken()))
			eventually(t, func() bool { return len(bus.Stored()) == 1200 })
			require.Zero(t, requireAll(t, bus.Stored(), 1200, 40))
		})
	})

	t.Run("PublishesATransactionThatCommitsAfterLaterIDs", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, dbtest.Postgres(t), database.Options{}) // SQLite has one writer
		require.NoError(t, schema.Migrate(t.Context(), db))
		bus := eventtest.NewMemory()
		start(t, outbox.NewRelay(db, bus, woken()))
		require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error {
			if err := tx.Exec("SELECT 1").Error; err != nil {
				return err
			}
			if err := outbox.Tell(tx, some(0, 1, 2)...); err != nil {
				return err
			}
			if err := tx.Exec("SELECT 1").Error; err != nil { // the queued row has its id now
				return err
			}
			require.NoError(t, tell(t.Context(), db, some(1, 1, 2)...))
			eventually(t, func() bool { return count(t, db, "published_at IS NOT NULL") == 1 })
			return nil
		}))
		eventually(t, func() bool { return len(bus.Stored()) == 2 })
		require.Equal(t, "SKU-1", bus.Stored()[0].Key)
		var ids []string
		require.NoError(t, db.Raw("SELECT key FROM outbox ORDER BY id").Scan(&ids).Error)
		require.Equal(t, []string{"SKU-0", "SKU-1"}, ids, "the first to be told was the last to be published")
	})

	t.Run("KeepsTheOrderOfAKeyThroughFailures", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := &scattering{Memory: eventtest.NewMemory(), left: 60}
			start(t, outbox.NewRelay(db, bus, options()))
			for i := range 30 {
				require.NoError(t, tell(t.Context(), db, some(10*i, 10, 7)...))
			}
			eventually(t, func() bool { return count(t, db, "published_at IS NULL") == 0 })
			requireAll(t, bus.Stored(), 300, 7)
			require.Less(t, bus.left, 60, "there were failures")
		})
	})

	t.Run("WaitsForABrokerThatIsAway", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			memory := eventtest.NewMemory()
			bus := faults.New(memory)
			bus.Away(true)
			r := outbox.NewRelay(db, bus, options())
			r.Rounds.Enable()
			start(t, r)
			require.NoError(t, tell(t.Context(), db, some(0, 100, 10)...))
			ctx, cancel := context.WithTimeout(t.Context(), patient)
			defer cancel()
			for failed := 0; failed < 3; {
				err, late := r.Rounds.Wait(ctx)
				require.NoError(t, late)
				if err != nil {
					failed++
				}
			}
			require.Equal(t, 100, count(t, db, "published_at IS NULL"))
			bus.Away(false)
			eventually(t, func() bool { return count(t, db, "published_at IS NULL") == 0 })
			require.Zero(t, requireAll(t, memory.Stored(), 100, 10))
		})
	})

	t.Run("RepeatsWhatWasStoredWithoutAnAcknowledgement", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			memory := eventtest.NewMemory()
			bus := faults.New(memory)
			start(t, outbox.NewRelay(db, bus, options()))
			require.NoError(t, tell(t.Context(), db, some(0, 30, 3)...))
			eventually(t, func() bool { return count(t, db, "published_at IS NULL") == 0 })
			bus.LoseAcks(2)
			require.NoError(t, tell(t.Context(), db, some(30, 30, 3)...))
			eventually(t, func() bool { return count(t, db, "published_at IS NULL") == 0 })
			require.Equal(t, 2*3, requireAll(t, memory.Stored(), 60, 3), "twice the oldest event of each key, with its id")
			last := map[string]string{}
			for _, m := range memory.Stored() { // ids grow
				require.GreaterOrEqual(t, m.ID, last[m.Key], "a repeat is not behind the next event of its key")
				last[m.Key] = m.ID
			}
		})
	})

	t.Run("BuriesWhatTheBrokerRefusesForGood", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := &refusing{Memory: eventtest.NewMemory(), data: `{"n":13}`}
			require.NoError(t, tell(t.Context(), db, some(0, 30, 3)...))
			start(t, outbox.NewRelay(db, bus, options()))
			eventually(t, func() bool { return count(t, db, "published_at IS NULL AND dead_at IS NULL") == 0 })
			require.Equal(t, 29, count(t, db, "published_at IS NOT NULL"))
			var reason string
			require.NoError(t, db.Raw("SELECT error FROM outbox WHERE dead_at IS NOT NULL").Scan(&reason).Error)
			require.Contains(t, reason, "too heavy")
			byKey, repeats := numbers(t, bus.Stored())
			require.Zero(t, repeats)
			require.Equal(t, []int{1, 4, 7, 10, 16, 19, 22, 25, 28}, byKey["SKU-1"], "its key goes on")
		})
	})
}

// TestTwoRelays holds for relays of one database, as two processes of a service have.
func TestTwoRelays(t *testing.T) {
	t.Parallel()

	t.Run("OneLeadsAndTheOtherFollowsAtOnce", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := eventtest.NewMemory()
			stopFirst := idle(t, outbox.NewRelay(db, bus, woken()))
			start(t, outbox.NewRelay(db, bus, woken()))
			first, err := lease.Held(db, outbox.Name)
			require.NoError(t, err)
			for i := range 10 {
				require.NoError(t, tell(t.Context(), db, some(10*i, 10, 5)...))
			}
			eventually(t, func() bool { return count(t, db, "published_at IS NULL") == 0 })
			stopFirst()
			eventually(t, func() bool { // the poll of the other one is an hour away
				now, err := lease.Held(db, outbox.Name)
				require.NoError(t, err)
				return now.Holder != first.Holder && now.Holder != ""
			})
			require.NoError(t, tell(t.Context(), db, some(100, 100, 5)...))
			eventually(t, func() bool { return len(bus.Stored()) == 200 })
			require.Zero(t, requireAll(t, bus.Stored(), 200, 5))
		})
	})

	t.Run("OneTakesOverFromADeadOneWhenItsLeaseHasEnded", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := eventtest.NewMemory()
			taken, err := lease.Take(db, outbox.Name, "killed", lease.State{})
			require.NoError(t, err)
			require.True(t, taken)
			require.NoError(t, tell(t.Context(), db, some(0, 5, 5)...))
			o, began := options(), time.Now()
			o.Lease = 700 * time.Millisecond
			start(t, outbox.NewRelay(db, bus, o))
			eventually(t, func() bool { return len(bus.Stored()) == 5 })
			require.GreaterOrEqual(t, time.Since(began), o.Lease, "it must not publish beside the holder")
		})
	})

	t.Run("ACommitInOneProcessWakesTheLeaderInAnother", func(t *testing.T) {
		t.Parallel()
		dsn := dbtest.Postgres(t)
		here, there := dbtest.Open(t, dsn, database.Options{}), dbtest.Open(t, dsn, database.Options{}) // two pools, as of two processes
		require.NoError(t, schema.Migrate(t.Context(), here))
		bus := eventtest.NewMemory()
		idle(t, outbox.NewRelay(here, bus, woken()))
		start(t, outbox.NewRelay(there, bus, woken()))
		eventually(t, func() bool { // the first ones may come before the relay listens
			require.NoError(t, tell(t.Context(), there, some(0, 1, 1)...))
			return len(bus.Stored()) > 0
		})
	})

	t.Run("AStopInABacklogLosesAndDoublesNothing", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := eventtest.NewMemory()
			for i := range 10 {
				require.NoError(t, tell(t.Context(), db, some(100*i, 100, 3)...))
			}
			stop := start(t, outbox.NewRelay(db, bus, options()))
			eventually(t, func() bool { return len(bus.Stored()) > 0 })
			stop()
			free, err := lease.Held(db, outbox.Name)
			require.NoError(t, err)
			require.Empty(t, free.Holder)
			start(t, outbox.NewRelay(db, bus, options()))
			eventually(t, func() bool { return count(t, db, "published_at IS NULL") == 0 })
			require.Zero(t, requireAll(t, bus.Stored(), 1000, 3))
		})
	})
}

// TestTailThatWasCutOff holds for a broker that loses messages which it had confirmed to
// two outboxes.
func TestTailThatWasCutOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		other := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
		require.NoError(t, schema.Migrate(t.Context(), other))
		bus := eventtest.NewMemory()
		for _, db := range []*gorm.DB{db, other} {
			start(t, outbox.NewRelay(db, bus, options()))
		}
		told := 0
		for _, cut := range []int{1, 90, 250, 1000} {
			var wg sync.WaitGroup
			for name, db := range map[string]*gorm.DB{"A": db, "B": other} {
				wg.Go(func() {
					for i := range 10 {
						var events []event.Event
						for j := range 10 {
							events = append(events, changed.New(fmt.Sprintf("%s-%d", name, j%3), "", change{told + 10*i + j}))
						}
						if err := tell(t.Context(), db, events...); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			told += 100
			settled := func() bool {
				return count(t, db, "published_at IS NULL") == 0 && count(t, other, "published_at IS NULL") == 0 && len(bus.Stored()) == 2*told
			}
			eventually(t, settled)
			bus.Cut(cut)
			// An event that is published now must not hide that earlier ones are lost.
			for name, db := range map[string]*gorm.DB{"A": db, "B": other} {
				require.NoError(t, tell(t.Context(), db, changed.New(name+"-0", "", change{told})))
			}
			told++
			eventually(t, settled, "what was lost is published again")
			byKey, repeats := numbers(t, bus.Stored())
			require.Zero(t, repeats)
			for key, got := range byKey {
				require.IsIncreasing(t, got, key)
			}
		}
	})
}

// TestALongTailCostsOneQuestion: positions that the broker has not given again need none.
func TestALongTailCostsOneQuestion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		bus := &asked{Memory: eventtest.NewMemory()}
		require.NoError(t, tell(t.Context(), db, some(0, 250, 5)...))
		stop := start(t, outbox.NewRelay(db, bus, woken()))
		eventually(t, func() bool { return count(t, db, "published_at IS NULL") == 0 })
		stop()
		bus.Cut(200)
		bus.questions.Store(0)
		start(t, outbox.NewRelay(db, bus, woken()))
		eventually(t, func() bool { return len(bus.Stored()) == 250 })
		require.Zero(t, requireAll(t, bus.Stored(), 250, 5))
		require.EqualValues(t, 1, bus.questions.Load())
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		bus := &refusing{Memory: eventtest.NewMemory(), data: `{"n":0}`}
		require.NoError(t, tell(t.Context(), db, some(0, 1201, 1201)...))
		kept := options()
		stop := start(t, outbox.NewRelay(db, bus, kept))
		eventually(t, func() bool { return count(t, db, "published_at IS NULL AND dead_at IS NULL") == 0 })
		stop()
		require.NoError(t, db.Exec("UPDATE outbox SET published_at = ? WHERE published_at IS NOT NULL AND data <> ?",
			txn.Now().Add(-8*24*time.Hour), `{"n":7}`).Error)
		start(t, outbox.NewRelay(db, bus, kept))
		eventually(t, func() bool { return count(t, db, "published_at IS NOT NULL") == 1 })
		require.Equal(t, 1, count(t, db, `data = '{"n":7}'`), "it is young")
		require.Equal(t, 1, count(t, db, "dead_at IS NOT NULL"), "a dead row waits for a person")
	})
}

func TestMeasures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		memory := eventtest.NewMemory()
		bus := faults.New(&refusing{Memory: memory, data: `{"n":4}`})
		seen := &observer{}
		o := options()
		o.Observer = seen
		require.NoError(t, tell(t.Context(), db, some(0, 10, 10)...))
		require.NoError(t, db.Exec("UPDATE outbox SET at = ?", txn.Now().Add(-time.Hour)).Error)
		bus.Away(true)
		start(t, outbox.NewRelay(db, bus, o))
		eventually(t, func() bool { s := seen.read(); return s.failed > 0 && s.waiting == 10 && s.oldest >= time.Hour })
		bus.Away(false)
		eventually(t, func() bool {
			s := seen.read()
			return s.published == 9 && s.waiting == 0 && s.oldest == 0 && s.dead == 1
		})
	})
}

type observed struct {
	waiting, dead     int64
	oldest            time.Duration
	published, failed int
}

type observer struct {
	mu sync.Mutex
	observed
}

func (o *observer) read() observed {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.observed
}

func (o *observer) Waiting(rows int64, oldest time.Duration, dead int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting, o.oldest, o.dead = rows, oldest, dead
}

func (o *observer) Published(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.published += n
}

func (o *observer) Failed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed++
}

// TestOldRowsGo holds for rows that were published longer ago than they are kept.
func TestOldRowsGo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		require.NoError(t, tell(t.Context(), db, some(0, 3, 3)...))
		require.NoError(t, db.Exec("UPDATE outbox SET published_at = ? WHERE id < 3", txn.Now().Add(-25*time.Hour)).Error)
		require.NoError(t, db.Exec("UPDATE outbox_since SET at = ?", txn.Now().Add(-100*time.Hour)).Error)
		o := options()
		o.Retain = 24 * time.Hour
		before := txn.Now()
		start(t, outbox.NewRelay(db, eventtest.NewMemory(), o))
		eventually(t, func() bool { return count(t, db, "1 = 1") == 1 })
		var since struct{ At time.Time }
		require.NoError(t, db.Raw("SELECT at FROM outbox_since").Scan(&since).Error)
		require.WithinRange(t, since.At, before.Add(-o.Retain), time.Now().Add(3*time.Hour-o.Retain), "it is complete from then on only")
	})
}
