package barrier_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

// crowd is how many callers meet in a race.
const crowd = 20

// openDo starts a do that runs its effect and stays open until it is released
// with the error that the effect then returns. It returns when the do holds its
// row.
func openDo(t *testing.T, b testBundle) (release func(error), result func() (outcome, error)) {
	t.Helper()
	entered, end := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	var out outcome
	var err error
	var wg sync.WaitGroup
	wg.Go(func() {
		out, err = barrier.Do(t.Context(), b.db, b.call(), func(tx *gorm.DB) (outcome, error) {
			if err := b.effect("do")(tx); err != nil {
				return outcome{}, err
			}
			once.Do(func() { close(entered) })
			return reserved, <-end
		})
	})
	<-entered
	return func(err error) { end <- err }, func() (outcome, error) { wg.Wait(); return out, err }
}

// awaitWaiter returns when a transaction waits for a lock. SQLite does not say
// who waits, and need not: while one transaction is open there, no other begins.
func awaitWaiter(t *testing.T, b testBundle) {
	t.Helper()
	if b.db.Name() != "postgres" {
		return
	}
	require.Eventually(t, func() bool {
		var waiting int64
		err := b.db.Raw(`SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting).Error
		return err == nil && waiting > 0
	}, time.Minute, 5*time.Millisecond)
}

func TestTwoDosAtOnce(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		name   string
		ends   error // of the first do's effect
		second string
		runs   int // of the second's effect
	}{
		{"SecondGetsTheOutcomeOfTheFirst", nil, "", 0},
		{"SecondRunsWhenTheFirstFails", fault.Errorf(fault.Transient, fault.Unavailable, "no luck"), "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b testBundle) {
				release, first := openDo(t, b)
				var out outcome
				var err error
				var wg sync.WaitGroup
				wg.Go(func() {
					out, err = barrier.Do(t.Context(), b.db, b.call(), func(tx *gorm.DB) (outcome, error) {
						return reserved, b.effect("second")(tx)
					})
				})
				awaitWaiter(t, b)
				release(tt.ends)
				wg.Wait()

				_, firstErr := first()
				require.Equal(t, fault.CodeOf(tt.ends), fault.CodeOf(firstErr))
				require.Equal(t, tt.second, string(fault.CodeOf(err)))
				if err == nil {
					require.Equal(t, reserved, out)
				}
				require.Equal(t, tt.runs, b.ran(t, "second"))
			})
		})
	}
}

// TestARefusalMeetsAWaitingDo: a refusal is recorded after its transaction was
// rolled back. The do that has waited may be faster then; in any case both get one
// answer.
func TestARefusalMeetsAWaitingDo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		release, first := openDo(t, b)
		var second outcome
		var err error
		var wg sync.WaitGroup
		wg.Go(func() {
			second, err = barrier.Do(t.Context(), b.db, b.call(), func(tx *gorm.DB) (outcome, error) {
				return outcome{Reservation: "res_2"}, b.effect("second")(tx)
			})
		})
		awaitWaiter(t, b)
		release(refusal())
		wg.Wait()
		answer, firstErr := first()

		require.Equal(t, fault.CodeOf(err), fault.CodeOf(firstErr))
		require.Equal(t, second, answer)
		require.Zero(t, b.ran(t, "do"), "the refused effect leaves nothing")
		if err != nil {
			requireFault(t, fault.Business, outOfStock, err)
			require.Equal(t, barrier.Refused, b.state(t))
			require.Zero(t, b.ran(t, "second"))
			return
		}
		require.Equal(t, "res_2", answer.Reservation)
		require.Equal(t, barrier.Done, b.state(t))
		require.Equal(t, 1, b.ran(t, "second"))
	})
}

func TestUndoMeetsAnOpenDo(t *testing.T) {
	t.Parallel()

	t.Run("WaitsAndTakesItBack", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			release, done := openDo(t, b)
			var got outcome
			var err error
			var wg sync.WaitGroup
			wg.Go(func() {
				err = barrier.Undo(t.Context(), b.db, b.key, func(tx *gorm.DB, out outcome) error {
					got = out
					return b.release(tx, out)
				})
			})
			awaitWaiter(t, b)
			release(nil)
			wg.Wait()
			_, doErr := done()
			require.NoError(t, doErr)
			require.NoError(t, err)
			require.Equal(t, reserved, got)
			require.Equal(t, barrier.Undone, b.state(t))
			require.Equal(t, 1, b.ran(t, "undo"))
		})
	})

	t.Run("BlocksTheKeyWhenTheDoFails", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			release, done := openDo(t, b)
			var err error
			var wg sync.WaitGroup
			wg.Go(func() { err = barrier.Undo(t.Context(), b.db, b.key, b.release) })
			awaitWaiter(t, b)
			release(fault.Errorf(fault.Transient, fault.Unavailable, "no luck"))
			wg.Wait()
			_, doErr := done()
			require.Error(t, doErr)
			require.NoError(t, err)
			require.Equal(t, barrier.Blocked, b.state(t))
			require.Zero(t, b.ran(t, "undo"))
		})
	})

	t.Run("GivesUpForNowAfterTheLockTimeout", func(t *testing.T) {
		t.Parallel()
		for _, dsn := range []func(testing.TB) string{dbtest.SQLite, dbtest.Postgres} {
			db := dbtest.Open(t, dsn(t), database.Options{LockTimeout: 20 * time.Millisecond})
			require.NoError(t, migrate(t.Context(), db))
			b := testBundle{db, barrier.Key{Saga: "ord_1", Step: "inventory.reserve"}}
			release, done := openDo(t, b)
			err := barrier.Undo(t.Context(), b.db, b.key, b.release)
			requireFault(t, fault.Transient, fault.Locked, err)
			release(nil)
			_, err = done()
			require.NoError(t, err)
			require.Equal(t, barrier.Done, b.state(t))
			require.NoError(t, barrier.Undo(t.Context(), b.db, b.key, b.release))
			require.Equal(t, barrier.Undone, b.state(t))
		}
	})
}

// TestCrowds lets many callers loose on one key. Whichever wins, the ledger and the
// effects agree.
func TestCrowds(t *testing.T) {
	t.Parallel()

	t.Run("OneOfManyDosRuns", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			together(func(int) {
				out, err := barrier.Do(t.Context(), b.db, b.call(), b.reserve)
				if err != nil || out != reserved {
					t.Errorf("got %v, %v", out, err)
				}
			})
			require.Equal(t, 1, b.ran(t, "do"))
		})
	})

	t.Run("OneOfManyUndosRuns", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			b.arrange(t, barrier.Done)
			together(func(int) {
				if err := barrier.Undo(t.Context(), b.db, b.key, b.release); err != nil {
					t.Error(err)
				}
			})
			require.Equal(t, 1, b.ran(t, "undo"))
		})
	})

	t.Run("NothingIsLeftOfDosAmongUndos", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			together(func(i int) {
				if i%2 == 0 {
					if err := barrier.Undo(t.Context(), b.db, b.key, b.release); err != nil {
						t.Error(err)
					}
					return
				}
				out, err := barrier.Do(t.Context(), b.db, b.call(), b.reserve)
				if fault.CodeOf(err) != fault.Suspended && (err != nil || out != reserved) {
					t.Errorf("got %v, %v", out, err)
				}
			})
			require.Contains(t, []barrier.State{barrier.Undone, barrier.Blocked}, b.state(t))
			require.Equal(t, b.ran(t, "do"), b.ran(t, "undo"))
			require.LessOrEqual(t, b.ran(t, "do"), 1)
		})
	})

	t.Run("OneOfConcludeAndBlockWins", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			b.arrange(t, barrier.Intent)
			var concluded, blocked atomic.Int32
			together(func(i int) {
				var err error
				if i%2 == 0 {
					if err = barrier.Conclude(t.Context(), b.db, b.key, reserved, b.effect("conclude")); err == nil {
						concluded.Add(1)
					}
				} else if err = barrier.EndUndo(t.Context(), b.db, b.key, barrier.Blocked, b.effect("block")); err == nil {
					blocked.Add(1)
				}
				if code := fault.CodeOf(err); err != nil && code != fault.Suspended && code != fault.Unavailable {
					t.Error(err)
				}
			})
			require.Equal(t, 1, b.ran(t, "conclude")+b.ran(t, "block"))
			require.Equal(t, b.ran(t, "conclude") == 1, b.state(t) == barrier.Done)
			require.Equal(t, b.ran(t, "block") == 1, b.state(t) == barrier.Blocked)
			require.Equal(t, int32(crowd/2), concluded.Load()+blocked.Load(), "all of one side, none of the other")
		})
	})
}

// together runs f in a crowd of goroutines that start at once.
func together(f func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}
