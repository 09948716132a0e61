package database_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// unready requires that db is not ready because of that.
func unready(t *testing.T, db *gorm.DB, because string) {
	t.Helper()
	err := database.Schema{shelves}.Ready(t.Context(), db)
	require.EqualError(t, err, "UNAVAILABLE: "+because)
	require.Equal(t, fault.Transient, fault.KindOf(err))
}

func ready(t *testing.T, db *gorm.DB) {
	t.Helper()
	require.NoError(t, database.Schema{shelves}.Ready(t.Context(), db))
}

const (
	childEnv = "AMENDS_DATABASE_CHILD"
	notReady = "as it must be, it is not ready"
)

// TestChildWhoseFilesCannotGrow is not a test but a process of the next one: it bounds
// the size of all its files, which is as close to a full disk as every system gets.
func TestChildWhoseFilesCannotGrow(t *testing.T) { //nolint:paralleltest // it runs alone in its process
	dsn := os.Getenv(childEnv)
	if dsn == "" {
		return // not skipped: nothing is missing
	}
	db := dbtest.Open(t, dsn, database.Options{})
	require.NoError(t, migrate(t.Context(), db))
	ready(t, db)
	signal.Ignore(syscall.SIGXFSZ)
	var bound syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &bound))
	was := bound.Cur
	bound.Cur = 1
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &bound))
	err := database.Schema{shelves}.Ready(t.Context(), db)
	bound.Cur = was
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &bound))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	ready(t, db)
	fmt.Println(notReady)
}

func TestReadyWrites(t *testing.T) {
	t.Parallel()

	t.Run("AndLeavesNothing", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			var before, after []map[string]any
			require.NoError(t, db.Raw("SELECT * FROM goose_db_version ORDER BY id").Scan(&before).Error)
			ready(t, db)
			require.NoError(t, db.Raw("SELECT * FROM goose_db_version ORDER BY id").Scan(&after).Error)
			require.Equal(t, before, after)
			require.NoError(t, database.Schema{shelves, labels}.Migrate(t.Context(), db), "its numbers go on")
		})
	})

	t.Run("ToASQLiteDatabaseThatMustNotBeWritten", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, dbtest.SQLite(t), database.Options{MaxConns: 1})
		require.NoError(t, migrate(t.Context(), db))
		ready(t, db)
		require.NoError(t, db.Exec("PRAGMA query_only = 1").Error)
		unready(t, db, "the database is read-only")
		require.NoError(t, db.Exec("PRAGMA query_only = 0").Error)
		ready(t, db)
	})

	t.Run("ToASQLiteDatabaseThatCannotGrow", func(t *testing.T) {
		t.Parallel()
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildWhoseFilesCannotGrow$")
		child.Env = append(os.Environ(), childEnv+"="+dbtest.SQLite(t))
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), notReady)
	})

	t.Run("ToAServerThatBecomesReadOnly", func(t *testing.T) {
		t.Parallel()
		eachWay(t, func(t *testing.T, dsn string, db *gorm.DB, _ []int) {
			ready(t, db)
			var name string
			require.NoError(t, db.Raw("SELECT current_database()").Scan(&name).Error)
			execute(t, dsn, "ALTER DATABASE "+name+" SET default_transaction_read_only = on") // for new sessions
			ready(t, db)
			onAll(t, db, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
			unready(t, db, "the database is read-only")
			execute(t, dsn+"&default_transaction_read_only=off", "ALTER DATABASE "+name+" RESET default_transaction_read_only")
			ready(t, db)
		})
	})

	t.Run("ToAServerThatRefusesTheWrite", func(t *testing.T) {
		t.Parallel()
		for state, because := range map[string]string{"53100": "the disk of the database is full", "42501": "the database cannot be written"} {
			t.Run(state, func(t *testing.T) {
				t.Parallel()
				eachWay(t, func(t *testing.T, dsn string, db *gorm.DB, _ []int) {
					execute(t, dsn, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '"+state+"'; END $$")
					execute(t, dsn, "CREATE CONSTRAINT TRIGGER refuse AFTER DELETE ON goose_db_version DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()")
					unready(t, db, because)
				})
			})
		}
	})
}
