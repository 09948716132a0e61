package database_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

func TestOpen(t *testing.T) {
	t.Parallel()

	t.Run("SetsSQLite", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct {
			durable     bool
			synchronous string
		}{{false, "1"}, {true, "2"}} {
			db := dbtest.Open(t, dbtest.SQLite(t), database.Options{Durable: tt.durable, LockTimeout: 1500 * time.Millisecond})
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "synchronous": tt.synchronous, "foreign_keys": "1", "busy_timeout": "1500", "secure_delete": "1",
			} {
				var got string
				require.NoError(t, db.Raw("PRAGMA "+pragma).Scan(&got).Error)
				require.Equal(t, want, got, pragma)
			}
		}
	})

	// TestMain finds the goroutine of a pool that is left open.
	t.Run("LeavesNothingBehindOnceItIsClosed", func(t *testing.T) {
		t.Parallel()
		for _, dsn := range []string{dbtest.SQLite(t), dbtest.Postgres(t)} {
			for _, spans := range []bool{false, true} {
				db, err := database.Open(t.Context(), dsn, database.Options{Traced: spans})
				require.NoError(t, err)
				require.NoError(t, database.Close(db))
			}
		}
	})

	t.Run("SendsStatementsTogetherUnlessToldNotTo", func(t *testing.T) {
		t.Parallel()
		dsn := dbtest.Postgres(t)
		for _, off := range []bool{false, true} {
			pool, err := dbtest.Open(t, dsn, database.Options{NoPipeline: off}).DB()
			require.NoError(t, err)
			conn, err := pool.Conn(t.Context())
			require.NoError(t, err)
			require.NoError(t, conn.Raw(func(driver any) error {
				_, itself := driver.(*stdlib.Conn)
				require.Equal(t, off, itself, "the connection is pgx's own")
				return nil
			}))
			require.NoError(t, conn.Close())
		}
	})

	t.Run("SetsPostgres", func(t *testing.T) {
		t.Parallel()
		dsn := dbtest.Postgres(t)
		for _, tt := range []struct {
			dsn         string
			lockTimeout time.Duration
			want        string
		}{
			{dsn, 0, "3s"},
			{dsn, 1500 * time.Millisecond, "1500ms"},
			{dsn + "&timezone=America/Lima&lock_timeout=7000", time.Second, "7s"},
		} {
			db := dbtest.Open(t, tt.dsn, database.Options{LockTimeout: tt.lockTimeout})
			for setting, want := range map[string]string{
				"timezone": "UTC", "lock_timeout": tt.want, "application_name": "amends",
				"idle_in_transaction_session_timeout": "1min", "jit": "off",
			} {
				var got string
				require.NoError(t, db.Raw("SHOW "+setting).Scan(&got).Error)
				require.Equal(t, want, got, setting)
			}
		}
	})

	t.Run("KeepsFewStatementsThatArePlannedAnew", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, dbtest.Postgres(t), database.Options{CustomPlans: true, MaxConns: 1})
		var kept int
		for n := range 100 {
			require.NoError(t, db.Raw("SELECT count(*) FROM pg_prepared_statements WHERE name NOT IN ?", make([]string, n+1)).Scan(&kept).Error)
		}
		require.Positive(t, kept)
		require.LessOrEqual(t, kept, 65, "and the one that is about to replace another")
	})

	t.Run("TakesAnyFileName", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "a b?c#d%20e.db")
		db := dbtest.Open(t, "sqlite:"+path, database.Options{})
		require.NoError(t, migrate(t.Context(), db))
		require.FileExists(t, path)
	})

	t.Run("KeepsAMemoryDatabaseWhenATransactionIsCancelled", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, "sqlite::memory:", database.Options{MaxConns: 8})
		require.NoError(t, migrate(t.Context(), db))
		ctx, cancel := context.WithCancel(t.Context())
		err := database.InTx(ctx, db, func(tx *gorm.DB) error {
			cancel()
			return tx.Create(&shelf{ID: 1, Name: "a"}).Error
		})
		require.Equal(t, fault.Unknown, fault.KindOf(err))
		var n int64
		require.NoError(t, db.Model(&shelf{}).Count(&n).Error)
		require.Zero(t, n)
	})

	t.Run("KeepsMemoryDatabasesApart", func(t *testing.T) {
		t.Parallel()
		for range 2 {
			db := dbtest.Open(t, "sqlite::memory:", database.Options{})
			require.NoError(t, db.Exec("CREATE TABLE once (n bigint)").Error)
		}
	})
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for name, tt := range map[string]struct {
		dsn  string
		kind fault.Kind
		code fault.Code
	}{
		"NoScheme":    {"orders.db", fault.Bug, fault.Invalid},
		"OtherEngine": {"mysql://u:hunter2@h/db", fault.Bug, fault.Invalid},
		"Malformed":   {"postgres://u:hunter2@h:port/db", fault.Bug, fault.Invalid},
		"NoFile":      {"sqlite:", fault.Bug, fault.Invalid},
		"NoListener":  {"postgres://u:hunter2@127.0.0.1:1/db", fault.Transient, fault.Unavailable},
		"NoFolder":    {"sqlite:" + filepath.Join(empty, "none", "x.db"), fault.Bug, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := database.Open(t.Context(), tt.dsn, database.Options{})
			require.Error(t, err)
			require.Equal(t, tt.kind, fault.KindOf(err), "%v", err)
			require.Equal(t, tt.code, fault.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}

	t.Run("Cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := database.Open(ctx, dbtest.SQLite(t), database.Options{})
		require.ErrorIs(t, err, context.Canceled)
	})
}

// TestTimes writes what a store writes and reads what it reads.
func TestTimes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		want := time.Date(2026, 2, 28, 23, 59, 59, 123456000, time.UTC)
		require.NoError(t, db.Create(&shelf{ID: 1, Name: "a", Stocked: want}).Error)
		require.NoError(t, db.Exec("INSERT INTO shelf (id, name, stocked) VALUES (2, 'b', ?)", want).Error)
		require.NoError(t, db.Exec("INSERT INTO shelf (id, name) VALUES (3, 'c')").Error)
		var got []shelf
		require.NoError(t, db.Where("stocked <= ?", want).Order("id").Find(&got).Error)
		require.Len(t, got, 2)
		for _, s := range got {
			require.Equal(t, want, s.Stocked, "it compares equal and is UTC")
		}
		var defaulted shelf
		require.NoError(t, db.Take(&defaulted, 3).Error)
		require.WithinDuration(t, time.Now(), defaulted.Stocked, time.Minute)
		require.Equal(t, time.UTC, defaulted.Stocked.Location())
	})
}

func TestCloseEndsTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "x.db"), database.Options{})
	require.NoError(t, err)
	require.NoError(t, migrate(t.Context(), db))
	require.NoError(t, database.Close(db))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "the write-ahead log is folded into the file")
	require.Error(t, db.Exec("SELECT 1").Error)
}

func TestANewFileIsItsOwnersOnly(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "orders.db")
	db, err := database.Open(t.Context(), "sqlite:"+path, database.Options{})
	require.NoError(t, err)
	require.NoError(t, db.Exec("CREATE TABLE t (id bigint)").Error) // makes the write-ahead log
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	require.NoError(t, database.Close(db))
}
