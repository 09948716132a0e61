package wire_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/amends/amends/proof/bench/wire"
	"github.com/amends/amends/proof/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCountsRoundTrips(t *testing.T) {
	t.Parallel()
	l, c := connect(t)
	ctx := t.Context()
	database := c.Config().Database
	asked := func() int64 { return l.Read()[database].Trips }

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

	require.EqualValues(t, 4, l.Read()[database].Transactions, "two statements, one transaction, one batch")
	counted := l.Read()[database].Statements
	require.EqualValues(t, 8, counted["SELECT $1::int"])
	require.EqualValues(t, 1, counted["begin"])
}

func TestClosesWhatIsOpen(t *testing.T) {
	t.Parallel()
	l, c := connect(t)
	require.NoError(t, l.Close())
	require.Error(t, c.Ping(t.Context()))
}

// connect returns a connection over a line to a database of its own.
func connect(t *testing.T) (*wire.Line, *pgx.Conn) {
	t.Helper()
	u, err := url.Parse(dbtest.Postgres(t))
	require.NoError(t, err)
	l, err := wire.Open(t.Context(), u.Host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	u.Host = l.Address
	c, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return l, c
}
