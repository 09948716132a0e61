package dbtest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachRunsOnEveryEngineWithAFreshDatabase(t *testing.T) {
	t.Parallel()
	engines := make(chan string, 6)
	t.Run("Each", func(t *testing.T) {
		t.Parallel()
		create := func(ctx context.Context, db *gorm.DB) error {
			return db.WithContext(ctx).Exec("CREATE TABLE once (n bigint)").Error // fails if it is not fresh
		}
		for _, name := range []string{"first", "second"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dbtest.Each(t, create, func(t *testing.T, db *gorm.DB) {
					t.Helper()
					engines <- db.Name()
				})
			})
		}
	})
	t.Cleanup(func() {
		close(engines)
		var got []string
		for e := range engines {
			got = append(got, e)
		}
		require.ElementsMatch(t, []string{"sqlite", "sqlite", "postgres", "postgres", "postgres", "postgres"}, got)
	})
}

func TestPostgresIsDroppedWhenTheTestEnds(t *testing.T) { //nolint:tparallel // looks at the remains of the inner test
	t.Parallel()
	var dsn string
	t.Run("inner", func(t *testing.T) {
		dsn = dbtest.Postgres(t)
		dbtest.Open(t, dsn, database.Options{})
	})
	_, err := database.Open(t.Context(), dsn, database.Options{})
	require.Error(t, err)
	var state interface{ SQLState() string }
	require.ErrorAs(t, err, &state)
	require.Equal(t, "3D000", state.SQLState(), "there is no such database")
}

const childEnv = "AMENDS_DBTEST_CHILD"

// TestChild is not a test but the process that the next test kills.
func TestChild(t *testing.T) { //nolint:paralleltest // it runs alone in its process
	if os.Getenv(childEnv) == "" {
		return // not skipped: nothing is missing
	}
	fmt.Fprintln(os.Stderr, dbtest.Postgres(t))
	select {}
}

func TestServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	dbtest.Postgres(t) // skips if there is none
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childEnv+"=1", "TEST_DATABASE_URL=") // a server of its own
	out, err := child.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	dsn, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	dir := dataDirectory(t, strings.TrimSpace(dsn))

	require.NoError(t, child.Process.Kill())
	var killed *exec.ExitError
	require.ErrorAs(t, child.Wait(), &killed)

	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist)
	}, 5*time.Minute, 20*time.Millisecond, "the server must end and leave nothing")
}

// dataDirectory asks the server where it keeps its files.
func dataDirectory(t *testing.T, dsn string) (dir string) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&dir))
	require.NoError(t, conn.Close(t.Context()))
	return dir
}
