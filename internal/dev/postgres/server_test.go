package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/proof/dbtest"
)

// roleVariable makes this test binary a parent: it starts a server in the named
// folder, prints its DSN, and waits for its kill.
const roleVariable = "AMENDS_TEST_PGSERVER_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(roleVariable)
	if dir == "" {
		goleak.VerifyTestMain(m)
		return
	}
	bin, err := postgres.Find()
	if err == nil {
		var s *postgres.Server
		if s, err = postgres.Start(context.Background(), postgres.Options{Bin: bin, Dir: dir, Safety: postgres.Death}); err == nil {
			fmt.Println(s.DSN)
			select {}
		}
	}
	fmt.Println("failed:", err)
	os.Exit(1)
}

// folder returns a new folder that the server's user can reach. For root that is
// another user, who cannot enter the test's own folder.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "amends-pgserver-") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func start(t *testing.T, o postgres.Options) *postgres.Server {
	t.Helper()
	o.Bin = dbtest.Binaries(t)
	s, err := postgres.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}

// query runs statements, and returns the text that the last one selects.
func query(t *testing.T, dsn string, statements ...string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	for _, s := range statements[:len(statements)-1] {
		_, err := conn.Exec(t.Context(), s)
		require.NoError(t, err)
	}
	require.NoError(t, conn.QueryRow(t.Context(), statements[len(statements)-1]).Scan(&answer))
	return answer
}

func TestServerKeepsWhatItCommitted(t *testing.T) {
	t.Parallel()
	const write, read = "CREATE TABLE kept AS SELECT 'here' AS v", "SELECT v FROM kept"
	for name, c := range map[string]struct {
		safety postgres.Safety
		fsync  string
		end    func(*testing.T, *postgres.Server)
	}{
		"OverAStop": {postgres.PowerLoss, "on", func(t *testing.T, s *postgres.Server) {
			t.Helper()
			require.NoError(t, s.Stop())
			require.NoError(t, s.Wait(), "it ended in order")
			require.NoError(t, s.Stop(), "a repeat")
		}},
		"OverAKill": {postgres.Death, "off", func(t *testing.T, s *postgres.Server) {
			t.Helper()
			require.NoError(t, syscall.Kill(s.Pid, syscall.SIGKILL))
			require.Error(t, s.Wait())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := postgres.Options{Dir: folder(t), Safety: c.safety, Password: "secret"}
			first := start(t, o)
			require.Equal(t, "on", query(t, first.DSN, write, "SHOW synchronous_commit"))
			require.Equal(t, c.fsync, query(t, first.DSN, "SHOW fsync"))
			c.end(t, first)

			o.Port = first.Port // which its clients know
			second := start(t, o)
			require.Equal(t, first.DSN, second.DSN)
			require.Equal(t, "here", query(t, second.DSN, read))
		})
	}
}

func TestServerWithAPasswordLetsNobodyElseIn(t *testing.T) {
	t.Parallel()
	s := start(t, postgres.Options{Dir: folder(t), Safety: postgres.Nothing, Password: "secret"})
	_, err := pgx.Connect(t.Context(), strings.Replace(s.DSN, "secret", "guess", 1))
	var refused interface{ SQLState() string }
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "28P01", refused.SQLState())
	files, err := filepath.Glob(filepath.Join(filepath.Dir(query(t, s.DSN, "SHOW data_directory")), "initdb-*"))
	require.NoError(t, err)
	require.Empty(t, files, "the password is nowhere in a file")
}

func TestServerSaysWhyItDidNotStart(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	taken, ok := l.Addr().(*net.TCPAddr)
	require.True(t, ok)
	_, err = postgres.Start(t.Context(), postgres.Options{Bin: dbtest.Binaries(t), Dir: folder(t), Port: taken.Port, Safety: postgres.Nothing})
	require.EqualError(t, err, "postgres ended while it started (exit status 1); its last words: could not create any TCP/IP sockets")

	other := start(t, postgres.Options{Dir: folder(t), Safety: postgres.Nothing})
	_, err = postgres.Start(t.Context(), postgres.Options{Bin: dbtest.Binaries(t), Dir: folder(t), Port: other.Port, Safety: postgres.Nothing})
	require.ErrorContains(t, err, "postgres ended while it started", "another one that answers is not ours")
}

func TestServerLeavesNothingIfItIsTold(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, postgres.Options{Dir: dir, Safety: postgres.Nothing, Remove: true})
	require.NoError(t, s.Stop())
	require.NoDirExists(t, dir)
}

func TestServerEndsWithItsParentAndGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.Binaries(t) // skips if there is none
	dir := folder(t)
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), roleVariable+"="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	dsn, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, dsn, "postgres://", dsn)
	query(t, strings.TrimSpace(dsn), "CREATE TABLE kept AS SELECT 'here' AS v", "SELECT v FROM kept")
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())

	// Start at once, while the other server still ends.
	s := start(t, postgres.Options{Dir: dir, Safety: postgres.Death})
	require.Equal(t, "here", query(t, s.DSN, "SELECT v FROM kept"))
	require.NoError(t, s.Stop())
	require.Eventually(t, func() bool {
		out, err := exec.CommandContext(t.Context(), "ps", "-ww", "-A", "-o", "command=").Output()
		return err == nil && !strings.Contains(string(out), dir)
	}, time.Minute, 20*time.Millisecond, "no process is left")
}

func TestReachable(t *testing.T) {
	t.Parallel()
	require.True(t, postgres.Reachable(t.Context(), os.TempDir()))
	require.False(t, postgres.Reachable(t.Context(), "/nowhere"))
	if os.Geteuid() == 0 {
		require.False(t, postgres.Reachable(t.Context(), t.TempDir()), "it is ours alone")
	}
}
