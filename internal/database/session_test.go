package database_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// ways are the ways to open a pool of PostgreSQL.
var ways = map[string]database.Options{"Pipelined": {MaxConns: 4}, "Unpipelined": {MaxConns: 4, NoPipeline: true}}

// eachWay runs body on a fresh database with a pool of four connections that are open.
func eachWay(t *testing.T, body func(t *testing.T, dsn string, db *gorm.DB, old []int)) {
	t.Helper()
	for name, o := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.Postgres(t)
			db := dbtest.Open(t, dsn, o)
			require.NoError(t, migrate(t.Context(), db))
			body(t, dsn, db, onAll(t, db, "SELECT"))
		})
	}
}

// onAll runs a statement on every connection that the pool may have, and returns their
// server processes.
func onAll(t *testing.T, db *gorm.DB, statement string) (pids []int) {
	t.Helper()
	pool, err := db.DB()
	require.NoError(t, err)
	conns := make([]*sql.Conn, pool.Stats().MaxOpenConnections)
	for i := range conns {
		conns[i], err = pool.Conn(t.Context())
		require.NoError(t, err)
	}
	for _, c := range conns {
		var pid int
		_, err := c.ExecContext(t.Context(), statement)
		require.NoError(t, err)
		require.NoError(t, c.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
		pids = append(pids, pid)
		require.NoError(t, c.Close())
	}
	return pids
}

func pid(t *testing.T, db *gorm.DB) (pid int) {
	t.Helper()
	require.NoError(t, db.WithContext(t.Context()).Raw("SELECT pg_backend_pid()").Scan(&pid).Error)
	return pid
}

// writes are the ways in which a store writes.
var writes = map[string]func(ctx context.Context, db *gorm.DB, id int64, first func(*gorm.DB) error) error{
	"InATransaction": func(ctx context.Context, db *gorm.DB, id int64, first func(*gorm.DB) error) error {
		return database.InTx(ctx, db, func(tx *gorm.DB) error {
			if err := first(tx); err != nil {
				return err
			}
			return tx.Create(&shelf{ID: id, Name: string(rune('a' + id)), Stocked: database.Now()}).Error
		})
	},
	"Queued": func(ctx context.Context, db *gorm.DB, id int64, first func(*gorm.DB) error) error {
		return database.InTx(ctx, db, func(tx *gorm.DB) error {
			if err := first(tx); err != nil {
				return err
			}
			return database.Queue(tx, 1).Create(&shelf{ID: id, Name: string(rune('a' + id)), Stocked: database.Now()}).Error
		})
	},
	"Alone": func(ctx context.Context, db *gorm.DB, id int64, _ func(*gorm.DB) error) error {
		return database.Retry(ctx, db, func(db *gorm.DB) error {
			return db.Exec("INSERT INTO shelf (id, name) VALUES (?, ?)", id, string(rune('a'+id))).Error
		})
	},
}

func nothingFirst(*gorm.DB) error { return nil }

// TestASessionThatCannotWriteIsNotUsedAgain ends the role of sessions in the two ways
// in which they learn of it, and takes the server away.
func TestASessionThatCannotWriteIsNotUsedAgain(t *testing.T) {
	t.Parallel()

	t.Run("ByAReport", func(t *testing.T) {
		t.Parallel()
		eachWay(t, func(t *testing.T, _ string, db *gorm.DB, old []int) {
			onAll(t, db, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY") // which the server reports
			require.NotContains(t, old, pid(t, db), "nor does it read")
			id := int64(0)
			for name, write := range writes {
				id++
				require.NoError(t, write(t.Context(), db, id, nothingFirst), name)
			}
			for _, now := range onAll(t, db, "SELECT") {
				require.NotContains(t, old, now)
			}
		})
	})

	t.Run("ByAnAnswer", func(t *testing.T) {
		t.Parallel()
		eachWay(t, func(t *testing.T, _ string, db *gorm.DB, _ []int) {
			id := int64(0)
			for _, name := range []string{"InATransaction", "Queued"} {
				id++
				old, runs := onAll(t, db, "SELECT"), 0
				require.NoError(t, writes[name](t.Context(), db, id, func(tx *gorm.DB) error {
					if runs++; runs == 1 {
						return tx.Exec("SET TRANSACTION READ ONLY").Error // which it does not
					}
					return nil
				}), name)
				require.Equal(t, 2, runs, "the second time in another session")
				for _, now := range onAll(t, db, "SELECT") {
					require.NotContains(t, old, now, "nor is any session of the same age used")
				}
			}
			var n int64
			require.NoError(t, db.Model(&shelf{}).Count(&n).Error)
			require.EqualValues(t, 2, n)
		})
	})

	t.Run("ByTheServersEnd", func(t *testing.T) {
		t.Parallel()
		eachWay(t, func(t *testing.T, dsn string, db *gorm.DB, old []int) {
			for _, p := range old {
				if p != old[0] {
					execute(t, dsn, "SELECT pg_terminate_backend($1)", p)
				}
			}
			err := database.Retry(t.Context(), db, func(db *gorm.DB) error { return db.Exec("SELECT pg_terminate_backend(pg_backend_pid())").Error })
			require.Equal(t, fault.Transient, fault.KindOf(err))
			for name, write := range writes {
				require.NoError(t, write(t.Context(), db, int64(len(name)), nothingFirst), name)
			}
		})
	})
}

func TestASessionEndsAfterItsLifetime(t *testing.T) {
	t.Parallel()
	for name, o := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.MaxConns = 1
			o.ConnLifetime = 20 * time.Millisecond
			db := dbtest.Open(t, dbtest.Postgres(t), o)
			first := pid(t, db)
			require.Eventually(t, func() bool { return pid(t, db) != first }, time.Minute, time.Millisecond)

			kept := dbtest.Open(t, dbtest.Postgres(t), database.Options{MaxConns: 1, NoPipeline: o.NoPipeline})
			first = pid(t, kept)
			require.Equal(t, first, pid(t, kept), "which is long by default")
		})
	}
}

// A server that is read-only for all is refused at once, whatever the DSN asks for.
func TestAReadOnlyServerIsRefused(t *testing.T) {
	t.Parallel()
	dsn := dbtest.Postgres(t)
	for _, more := range []string{"", "&target_session_attrs=any", "&target_session_attrs=read-only"} {
		_, err := database.Open(t.Context(), dsn+"&default_transaction_read_only=on"+more, database.Options{})
		require.EqualError(t, err, "UNAVAILABLE: the database is read-only")
		require.Equal(t, fault.Transient, fault.KindOf(err))
	}
	_, err := database.Open(t.Context(), dsn+"&target_session_attrs=standby", database.Options{})
	require.Error(t, err, "the DSN's own condition stays")
}
