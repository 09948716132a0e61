package wire_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/proof/bench/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCountsRoundTrips(t *testing.T) {
	t.Parallel()
	l, c := connect(t)
	ctx := t.Context()
	asked := func() int64 {
		before := l.Read()["postgres"].Trips
		return before
	}

	before := asked()
	_, err := c.Exec(ctx, "SELECT $1::int", 1)
	require.NoError(t, err)
	require.EqualValues(t, 2, asked()-before, "prepared, then executed")

	before = asked()
	_, err = c.Exec(ctx, "SELECT $1::int", 2)
	require.NoError(t, err)
	require.EqualValues(t, 1, asked()-before, "prepared already")

	before = asked()
	tx, err := c.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "SELECT $1::int", 3)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(ctx))
	require.EqualValues(t, 3, asked()-before, "BEGIN and COMMIT are round trips too")

	before = asked()
	var batch pgx.Batch
	for i := range 5 {
		batch.Queue("SELECT $1::int", i)
	}
	require.NoError(t, c.SendBatch(ctx, &batch).Close())
	require.EqualValues(t, 1, asked()-before, "a batch is one")

	counted := l.Read()["postgres"].Statements
	require.EqualValues(t, 8, counted["SELECT $1::int"])
	require.EqualValues(t, 1, counted["begin"])
}

func TestClosesWhatIsOpen(t *testing.T) {
	t.Parallel()
	l, c := connect(t)
	require.NoError(t, l.Close())
	require.Error(t, c.Ping(t.Context()))
}

// connect returns a connection over a line to a server of its own.
func connect(t *testing.T) (*wire.Line, *pgx.Conn) {
	t.Helper()
	bin, err := postgres.Find()
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "amends-wire-") //nolint:usetesting // PostgreSQL's user must reach it
	require.NoError(t, err)
	server, err := postgres.Start(t.Context(), postgres.Options{Bin: bin, Dir: dir, Safety: postgres.Nothing, Remove: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })

	l, err := wire.Open(t.Context(), net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	u, err := url.Parse(server.DSN)
	require.NoError(t, err)
	u.Host = l.Address
	c, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return l, c
}
