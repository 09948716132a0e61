package temporalserver_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
)

// database starts a PostgreSQL of the test's own, as `amends temporal-postgres` does.
func database(t *testing.T) temporalserver.Database {
	t.Helper()
	bin := dbtest.Binaries(t)
	dir, err := os.MkdirTemp("", "amends-temporalserver-") //nolint:usetesting // the server's user may not enter the test's own folder
	require.NoError(t, err)
	s, err := postgres.Start(t.Context(), postgres.Options{Bin: bin, Dir: dir, Password: "secret", Safety: postgres.Nothing, Remove: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return temporalserver.Database{Port: s.Port, User: postgres.Superuser, Password: "secret"}
}

func start(t *testing.T, o temporalserver.Options) *temporalserver.Server {
	t.Helper()
	began := time.Now()
	s, err := temporalserver.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	t.Logf("ready after %s", time.Since(began).Round(time.Millisecond))
	return s
}

// dial returns a client of the namespace temporal-system.
func dial(t *testing.T, s *temporalserver.Server) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: s.Address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// has reports whether the server has the namespace.
func has(t *testing.T, c client.Client, namespace string) bool {
	t.Helper()
	_, err := c.WorkflowService().DescribeNamespace(t.Context(), &workflowservicepb.DescribeNamespaceRequest{Namespace: namespace})
	return err == nil
}

// One test on one server, because creating the schema takes long.
func TestServer(t *testing.T) {
	t.Parallel()
	o := temporalserver.Options{Binaries: enginetest.Binaries(t), Dir: t.TempDir(), Database: database(t)}
	s := start(t, o)
	address := s.Address
	c := dial(t, s)

	info, err := c.WorkflowService().GetClusterInfo(t.Context(), &workflowservicepb.GetClusterInfoRequest{})
	require.NoError(t, err)
	require.EqualValues(t, temporalserver.Shards, info.GetHistoryShardCount())
	require.Equal(t, strings.TrimPrefix(temporalserver.Version, "v"), info.GetServerVersion())

	require.False(t, has(t, c, "shop"))
	_, err = c.WorkflowService().RegisterNamespace(t.Context(), &workflowservicepb.RegisterNamespaceRequest{
		Namespace: "shop", WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)

	// A second server on the same port is refused, also with another folder.
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", host)
	second := o
	second.Dir = t.TempDir()
	second.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	_, err = temporalserver.Start(t.Context(), second)
	require.EqualError(t, err, "port: "+address+" is in use; stop what uses it, or choose another with --port")

	// After a kill it returns on the same address with the same state.
	require.NoError(t, syscall.Kill(s.Pid(), syscall.SIGKILL))
	<-s.Done()
	require.ErrorContains(t, s.Err(), "the engine ended (signal: killed)")
	s = start(t, o)
	require.Equal(t, address, s.Address)
	require.True(t, has(t, dial(t, s), "shop"))

	// It ends when asked, and removes its note.
	began := time.Now()
	require.NoError(t, syscall.Kill(s.Pid(), syscall.SIGTERM)) // without Stop's time limit and SIGKILL
	select {
	case <-s.Done():
	case <-time.After(time.Minute):
		require.Fail(t, "the server ignores SIGTERM")
	}
	t.Logf("gone after %s", time.Since(began).Round(time.Millisecond))
	require.NoError(t, s.Stop())
	require.NoFileExists(t, filepath.Join(o.Dir, "temporal.pid"))
	s = start(t, o)
	require.Equal(t, address, s.Address)
}

func TestServerSaysWhyItDidNotStart(t *testing.T) {
	t.Parallel()
	o := temporalserver.Options{Binaries: enginetest.Binaries(t), Dir: t.TempDir(), Database: temporalserver.Database{Port: 1, User: "postgres"}}
	_, err := temporalserver.Start(t.Context(), o)
	require.ErrorContains(t, err, "engine's schema: exit status 1; its last words: ")
	require.ErrorContains(t, err, "no usable database connection found")
	require.NoFileExists(t, filepath.Join(o.Dir, "temporal.log"), "nothing was started")
}

func TestFind(t *testing.T) {
	t.Parallel()
	_, err := temporalserver.Find("/nowhere")
	require.ErrorIs(t, err, temporalserver.ErrNotBuilt)
	require.EqualError(t, err, "the Temporal server is not built: `scripts/temporal-server.sh` builds it (no /nowhere/temporal-server)")

	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "temporal-server")))
	_, err = temporalserver.Find(dir)
	require.ErrorContains(t, err, "not go.temporal.io/server "+temporalserver.Version)
}
