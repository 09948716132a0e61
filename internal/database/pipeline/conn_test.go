package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier/txn"
)

// stock writes one row, at once or queued.
func stock(tx *gorm.DB, id int64, name string) error {
	return tx.Create(&shelf{ID: id, Name: name, Stocked: time.Now().UTC()}).Error
}

func names(t *testing.T, db *gorm.DB) (all []string) {
	t.Helper()
	require.NoError(t, db.WithContext(t.Context()).Model(&shelf{}).Order("id").Pluck("name", &all).Error)
	return all
}

func TestATransactionTakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	db, spent := dbtest.Counted(t, migrate)
	rename := func(tx *gorm.DB, name string) error {
		return tx.Exec("UPDATE shelf SET name = ? WHERE id = ?", name, 1).Error
	}
	read := func(tx *gorm.DB) error { return tx.Where("id > ?", 0).Find(&[]shelf{}).Error }
	require.NoError(t, stock(db, 1, "a"))
	for _, tt := range []struct {
		name  string
		trips int
		f     func(tx *gorm.DB) error
	}{
		{"nothing", 0, func(*gorm.DB) error { return nil }},
		{"a write", 2, func(tx *gorm.DB) error { return rename(tx, "b") }},
		{"a queued write", 1, func(tx *gorm.DB) error { return rename(txn.Queue(tx, 1), "c") }},
		{"a read and two queued writes", 2, func(tx *gorm.DB) error {
			return errors.Join(read(tx), rename(txn.Queue(tx, 1), "d"), rename(txn.Queue(tx, 1), "e"))
		}},
		{"a queued write and a read", 2, func(tx *gorm.DB) error {
			return errors.Join(rename(txn.Queue(tx, 1), "f"), read(tx))
		}},
		{"a write ahead of a read", 2, func(tx *gorm.DB) error { return errors.Join(rename(txn.Ahead(tx), "f"), read(tx)) }},
		{"a write ahead of a queued write", 2, func(tx *gorm.DB) error {
			return errors.Join(rename(txn.Ahead(tx), "f"), rename(txn.Queue(tx, 1), "g"))
		}},
		{"a write ahead of a write", 3, func(tx *gorm.DB) error { return errors.Join(rename(txn.Ahead(tx), "f"), rename(tx, "g")) }},
		{"a write ahead of COMMIT", 2, func(tx *gorm.DB) error { return rename(txn.Ahead(tx), "f") }},
		{"no arguments", 3, func(tx *gorm.DB) error { return tx.Exec("UPDATE shelf SET name = 'g'; SELECT 1").Error }},
	} {
		require.NoError(t, database.InTx(t.Context(), db, tt.f), tt.name) // prepares
		before := spent()
		require.NoError(t, database.InTx(t.Context(), db, tt.f), tt.name)
		require.Equal(t, tt.trips, spent().Minus(before).Trips, tt.name)
	}
	require.Equal(t, []string{"g"}, names(t, db))

	before := spent()
	err := database.InTx(t.Context(), db, func(tx *gorm.DB) error {
		return errors.Join(rename(txn.Queue(tx, 1), "h"), errors.New("no luck"))
	})
	require.Error(t, err)
	require.Equal(t, before, spent(), "what was never sent is not rolled back")
	require.Equal(t, []string{"g"}, names(t, db))
}

// TestNothingFollowsAStatementAheadThatMissed continues such a transaction in every way.
func TestNothingFollowsAStatementAheadThatMissed(t *testing.T) {
	t.Parallel()
	read := func(tx *gorm.DB) error { return tx.Where("id > ?", 0).Find(&[]shelf{}).Error }
	for name, then := range map[string]func(tx *gorm.DB) error{
		"AQuery":                 read,
		"AQueryWithoutArguments": func(tx *gorm.DB) error { return tx.Raw("SELECT 1").Scan(new(int)).Error },
		"AQueryThatFails":        func(tx *gorm.DB) error { return tx.Raw("SELECT 1 / CAST(? AS bigint)", 0).Scan(new(int)).Error },
		"AWrite":                 func(tx *gorm.DB) error { return stock(tx, 2, "b") },
		"AQueuedWrite":           func(tx *gorm.DB) error { return stock(txn.Queue(tx, 1), 2, "b") },
		"COMMIT":                 func(*gorm.DB) error { return nil },
		"AQueryThatIsOverlooked": func(tx *gorm.DB) error { return errors.Join(overlook(read(tx)), nil) },
		"AnOverlookedQueryAndWrite": func(tx *gorm.DB) error {
			return errors.Join(overlook(read(tx)), overlook(stock(txn.Queue(tx, 1), 2, "b")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, _ := dbtest.Counted(t, migrate) // with one connection
			require.NoError(t, stock(db, 1, "a"))
			err := txn.Run(t.Context(), db, func(tx *gorm.DB) error {
				require.NoError(t, txn.Ahead(tx).Exec("UPDATE shelf SET name = ? WHERE id = ?", "x", 99).Error)
				return then(tx)
			})
			require.ErrorIs(t, err, txn.ErrMissed)
			require.Equal(t, []string{"a"}, names(t, db))
			require.NoError(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error { return stock(tx, 3, "c") }), "the connection is as good as new")
		})
	}
}

// overlook drops an error.
func overlook(error) error { return nil }

func TestATransactionIsReadCommitted(t *testing.T) {
	t.Parallel()
	dsn := dbtest.Postgres(t) + "&default_transaction_isolation=serializable"
	db := dbtest.Open(t, dsn, database.Options{})
	for range 2 {
		require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
			var isolation string
			require.NoError(t, tx.Raw("SELECT current_setting(?)", "transaction_isolation").Scan(&isolation).Error)
			require.Equal(t, "read committed", isolation)
			return nil
		}))
	}
}

// TestWhatFailsLeavesNothing lets a transaction fail in every place, and looks at
// what it left, on the server and of the connection.
func TestWhatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	wrong := func(tx *gorm.DB) error { return tx.Exec("UPDATE nowhere SET name = ?", "x").Error }
	unfit := func(tx *gorm.DB) error { return tx.Exec("UPDATE shelf SET id = ?", time.Now()).Error }
	for name, tt := range map[string]struct {
		kind fault.Kind
		code fault.Code
		f    func(t *testing.T, tx *gorm.DB) error
	}{
		"AQueuedStatementThatWritesNothing": {fault.Bug, fault.Conflict, func(t *testing.T, tx *gorm.DB) error {
			t.Helper()
			require.NoError(t, stock(tx, 2, "b"))
			return txn.Queue(tx, 1).Exec("UPDATE shelf SET name = ? WHERE id = ?", "x", 99).Error
		}},
		"AQueuedStatementThatWritesTooMuch": {fault.Bug, fault.Conflict, func(t *testing.T, tx *gorm.DB) error {
			t.Helper()
			require.NoError(t, stock(tx, 2, "b"))
			return txn.Queue(tx, 1).Exec("UPDATE shelf SET stocked = ?", time.Now().UTC()).Error
		}},
		"AQueuedStatementThatBreaksARule": {fault.Bug, fault.Conflict, func(_ *testing.T, tx *gorm.DB) error {
			return errors.Join(stock(txn.Queue(tx, 1), 2, "b"), stock(txn.Queue(tx, 1), 3, "b"))
		}},
		"AQueuedStatementBeforeAnother": {fault.Bug, fault.Conflict, func(t *testing.T, tx *gorm.DB) error {
			t.Helper()
			require.NoError(t, stock(tx, 2, "b"))
			require.NoError(t, txn.Queue(tx, 1).Exec("UPDATE shelf SET name = ? WHERE id = ?", "x", 99).Error)
			err := tx.Where("id > ?", 0).Find(&[]shelf{}).Error
			require.ErrorIs(t, err, txn.ErrRows)
			return err
		}},
		"AnErrorThatIsOverlooked": {fault.Transient, fault.Internal, func(t *testing.T, tx *gorm.DB) error {
			t.Helper()
			require.NoError(t, stock(tx, 2, "b"))
			require.Error(t, wrong(tx))
			return nil
		}},
		"AFirstStatementThatIsWrongAndOverlooked": {fault.Transient, fault.Internal, func(t *testing.T, tx *gorm.DB) error {
			t.Helper()
			require.Error(t, wrong(tx))
			require.Error(t, stock(tx, 2, "b"), "there is no transaction that it could be part of")
			return nil
		}},
		"AnArgumentThatDoesNotFitAndIsOverlooked": {fault.Transient, fault.Internal, func(t *testing.T, tx *gorm.DB) error {
			t.Helper()
			require.NoError(t, stock(txn.Queue(tx, 1), 2, "b"))
			require.Error(t, unfit(tx))
			require.Error(t, stock(tx, 3, "c"), "the queued one may be lost")
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, _ := dbtest.Counted(t, migrate) // with one connection
			require.NoError(t, stock(db, 1, "a"))
			backend := func() (pid int) {
				require.NoError(t, db.Raw("SELECT pg_backend_pid()").Scan(&pid).Error)
				return pid
			}
			pid := backend()
			for range 2 { // the second time everything is prepared
				err := database.InTx(t.Context(), db, func(tx *gorm.DB) error { return tt.f(t, tx) })
				require.Equal(t, tt.kind, fault.KindOf(err), "%v", err)
				require.Equal(t, tt.code, fault.CodeOf(err), "%v", err)
				require.Equal(t, []string{"a"}, names(t, db))
				require.Equal(t, pid, backend(), "the connection is as good as new")
			}
		})
	}
}

func TestAnEndedContextEndsTheTransaction(t *testing.T) {
	t.Parallel()
	db, _ := dbtest.Counted(t, migrate)
	for _, write := range []func(tx *gorm.DB) *gorm.DB{
		func(tx *gorm.DB) *gorm.DB { return tx },
		func(tx *gorm.DB) *gorm.DB { return txn.Queue(tx, 1) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := database.InTx(ctx, db, func(tx *gorm.DB) error {
			err := stock(write(tx), 1, "a")
			cancel()
			return err
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, names(t, db))
	}
}

func TestAQueuedStatementThatMeetsALockLeavesNothing(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.Postgres(t), database.Options{LockTimeout: 20 * time.Millisecond})
	require.NoError(t, migrate(t.Context(), db))
	require.NoError(t, stock(db, 1, "a"))
	other := db.Begin()
	require.NoError(t, other.Exec("UPDATE shelf SET name = ? WHERE id = ?", "held", 1).Error)
	rename := func() error {
		return database.InTx(t.Context(), db, func(tx *gorm.DB) error {
			return errors.Join(
				stock(tx, 2, "c"),
				txn.Queue(tx, 1).Exec("UPDATE shelf SET name = ? WHERE id = ?", "b", 1).Error, // comes with COMMIT
			)
		})
	}
	require.Equal(t, fault.Locked, fault.CodeOf(rename()))
	require.NoError(t, other.Rollback().Error)
	require.Equal(t, []string{"a"}, names(t, db))
	require.NoError(t, rename())
	require.Equal(t, []string{"b", "c"}, names(t, db))
}

// TestEveryWayToExecute runs what is batched in each of pgx's modes.
func TestEveryWayToExecute(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Open(t, dbtest.Postgres(t)+"&default_query_exec_mode="+mode, database.Options{MaxConns: 1})
			require.NoError(t, migrate(t.Context(), db))
			for id := range int64(2) {
				require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
					var found []shelf
					err := tx.Where("id > ?", 0).Order("id").Find(&found).Error
					require.Len(t, found, int(id))
					return errors.Join(err, stock(txn.Queue(tx, 1), id+1, string(rune('a'+id))))
				}))
				require.ErrorIs(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
					return errors.Join(
						tx.Exec("UPDATE shelf SET name = ? WHERE id = ?", "x", 1).Error,
						txn.Queue(tx, 1).Exec("UPDATE shelf SET name = ? WHERE id = ?", "x", 99).Error,
					)
				}), txn.ErrRows)
			}
			require.Equal(t, []string{"a", "b"}, names(t, db))
		})
	}
}

func TestAPreparedStatementIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	db, _ := dbtest.Counted(t, migrate)
	pool, err := db.DB()
	require.NoError(t, err)
	insert, err := pool.PrepareContext(t.Context(), "INSERT INTO shelf (id, name) VALUES ($1, $2)")
	require.NoError(t, err)
	tx, err := pool.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.StmtContext(t.Context(), insert).ExecContext(t.Context(), 1, "a")
	require.NoError(t, err)
	require.NoError(t, tx.Rollback())
	require.Empty(t, names(t, db))
	_, err = insert.ExecContext(t.Context(), 1, "a")
	require.NoError(t, err)
	require.NoError(t, insert.Close())
	require.Equal(t, []string{"a"}, names(t, db))
}
