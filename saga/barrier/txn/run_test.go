package txn_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier/txn"
)

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("RunsAgainWhatLostARaceAndKeepsOneRunOnly", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			for _, lost := range []error{stateError("40001"), codeError(5 | 2<<8), stateError("25006"), fmt.Errorf("reserve: %w", stateError("40P01"))} {
				before, runs := balance(t, db, 1), 0
				require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error {
					require.NoError(t, add(tx, 1))
					if runs++; runs < 3 {
						return lost
					}
					return nil
				}))
				require.Equal(t, 3, runs)
				require.Equal(t, before+1, balance(t, db, 1))
			}
		})
	})

	t.Run("GivesUpAfterAFewAttempts", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			runs := 0
			err := txn.Run(t.Context(), db, func(*gorm.DB) error { runs++; return stateError("40P01") })
			require.Equal(t, 5, runs)
			require.Equal(t, fault.Transient, fault.KindOf(err))
			require.Equal(t, "UNAVAILABLE: the database is busy", err.Error(), "the driver's words are not for clients")
			require.ErrorIs(t, err, stateError("40P01"))
		})
	})

	t.Run("LeavesALockToTheCaller", func(t *testing.T) { // another attempt would keep the connection as long again
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			for _, locked := range []error{stateError("55P03"), codeError(5), fmt.Errorf("reserve: %w", stateError("55P03"))} {
				runs := 0
				err := txn.Run(t.Context(), db, func(tx *gorm.DB) error { runs++; return errors.Join(add(tx, 1), locked) })
				require.Equal(t, 1, runs)
				require.Equal(t, fault.Transient, fault.KindOf(err))
				require.Equal(t, "LOCKED: another transaction holds a lock for too long", err.Error())
				require.ErrorIs(t, err, locked)
				require.Zero(t, balance(t, db, 1))
			}
		})
	})

	t.Run("ReturnsEveryOtherErrorAsItIsAndLeavesNothing", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			for _, want := range []error{
				errors.New("no luck"),
				stateError("23505"),
				fault.Errorf(fault.Business, "OUT_OF_STOCK", "none left"),
				fault.Errorf(fault.Unknown, fault.Timeout, "%w", context.Canceled),
			} {
				runs := 0
				err := txn.Run(t.Context(), db, func(tx *gorm.DB) error { runs++; return errors.Join(add(tx, 1), want) })
				require.ErrorIs(t, err, want)
				require.Equal(t, fault.KindOf(want), fault.KindOf(err))
				require.Equal(t, 1, runs)
				require.Zero(t, balance(t, db, 1))
			}
		})
	})

	t.Run("RollsBackAPanic", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			require.PanicsWithValue(t, "oops", func() {
				_ = txn.Run(t.Context(), db, func(tx *gorm.DB) error {
					require.NoError(t, add(tx, 1))
					panic("oops")
				})
			})
			require.Zero(t, balance(t, db, 1))
		})
	})

	t.Run("RefusesToBeNested", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			err := txn.Run(t.Context(), db, func(tx *gorm.DB) error {
				return txn.Run(t.Context(), tx, func(tx *gorm.DB) error { return add(tx, 1) })
			})
			require.Equal(t, fault.Bug, fault.KindOf(err))
			require.Zero(t, balance(t, db, 1))
		})
	})

	t.Run("ReadsWhatOthersHaveCommitted", func(t *testing.T) { // whatever the server's default is
		t.Parallel()
		db := dbtest.Open(t, dbtest.Postgres(t)+"&default_transaction_isolation=serializable", database.Options{})
		require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error {
			var level string
			require.NoError(t, tx.Raw("SHOW transaction_isolation").Scan(&level).Error)
			require.Equal(t, "read committed", level)
			return nil
		}))
	})
}

func TestRunWhoseContextEndsIsUnknown(t *testing.T) {
	t.Parallel()
	for name, inside := range map[string]error{
		"InASuccess":          nil,
		"InALostRace":         stateError("40001"),
		"InABrokenConnection": &fakeNet{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, db *gorm.DB) {
				ctx, cancel := context.WithCancel(t.Context())
				runs := 0
				err := txn.Run(ctx, db, func(tx *gorm.DB) error {
					runs++
					require.NoError(t, add(tx, 1))
					cancel()
					return inside
				})
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, fault.Unknown, fault.KindOf(err))
				require.Equal(t, 1, runs)
				require.Zero(t, balance(t, db, 1))
			})
		})
	}

	t.Run("ButAFaultOfItsOwnSaysMore", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			ctx, cancel := context.WithCancel(t.Context())
			err := txn.Run(ctx, db, func(*gorm.DB) error {
				cancel()
				return fault.Errorf(fault.Bug, fault.Mismatch, "another request")
			})
			require.Equal(t, fault.Bug, fault.KindOf(err))
		})
	})
}

// fakeNet stands for a broken connection.
type fakeNet struct{}

func (*fakeNet) Error() string   { return "broken pipe" }
func (*fakeNet) Timeout() bool   { return false }
func (*fakeNet) Temporary() bool { return false }

// TestDeadlockEndsWithBothCommitted makes a real one: two transactions take two
// rows in opposite order. PostgreSQL ends one of them, and it runs again.
func TestDeadlockEndsWithBothCommitted(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.Postgres(t), database.Options{})
	require.NoError(t, account(t.Context(), db))
	var first sync.WaitGroup // both hold one row
	first.Add(2)
	runs := make([]int, 2)
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, ids := range [][2]int{{1, 2}, {2, 1}} {
		wg.Go(func() {
			errs[i] = txn.Run(t.Context(), db, func(tx *gorm.DB) error {
				if err := add(tx, ids[0]); err != nil {
					return err
				}
				if runs[i]++; runs[i] == 1 {
					first.Done()
					first.Wait()
				}
				return add(tx, ids[1])
			})
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.GreaterOrEqual(t, runs[0]+runs[1], 3, "one of them ran again, or both: PostgreSQL promises no single victim")
	require.Equal(t, 2, balance(t, db, 1))
	require.Equal(t, 2, balance(t, db, 2))
}

func TestLostConnectionIsTransient(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.Postgres(t), database.Options{})
	require.NoError(t, account(t.Context(), db))
	err := txn.Run(t.Context(), db, func(tx *gorm.DB) error {
		require.NoError(t, add(tx, 1))
		return tx.Exec("SELECT pg_terminate_backend(pg_backend_pid())").Error
	})
	require.Equal(t, fault.Transient, fault.KindOf(err))
	require.Equal(t, "UNAVAILABLE: the database cannot be reached", err.Error())
	require.Zero(t, balance(t, db, 1), "and the pool recovers")
}
