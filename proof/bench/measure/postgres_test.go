package measure_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/bench/measure"
	"github.com/amends/amends/proof/dbtest"
)

func TestCountsWhatADatabaseDid(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := dbtest.Postgres(t)
	c, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	name := c.Config().Database
	before, err := measure.ReadPostgres(ctx, c, name)
	require.NoError(t, err)

	const times = 50
	_, err = c.Exec(ctx, "CREATE TABLE t (x bigint)")
	require.NoError(t, err)
	for i := range times {
		_, err := c.Exec(ctx, "INSERT INTO t VALUES ($1)", i)
		require.NoError(t, err)
	}
	var after measure.Postgres
	require.Eventually(t, func() bool { // the statistics come late
		_, err := c.Exec(ctx, "SELECT pg_stat_force_next_flush()")
		require.NoError(t, err)
		after, err = measure.ReadPostgres(ctx, c, name)
		require.NoError(t, err)
		return after.Transactions-before.Transactions >= times
	}, 2*time.Minute, 20*time.Millisecond)
	require.GreaterOrEqual(t, after.Written-before.Written, int64(times+1), "others may use the server, too")
	require.Greater(t, after.WAL-before.WAL, int64(times*24))
	require.NoError(t, measure.Checkpoint(ctx, c))
}

func TestConfiguresAServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, err := pgx.Connect(ctx, dbtest.Postgres(t))
	require.NoError(t, err)
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	for _, is := range []struct {
		parameters map[string]string
		off        bool
	}{{map[string]string{"wal_compression": "on"}, false}, {nil, true}} {
		require.NoError(t, measure.Configure(ctx, c, is.parameters))
		var value string
		require.NoError(t, c.QueryRow(ctx, "SHOW wal_compression").Scan(&value))
		require.Equal(t, is.off, value == "off", value)
	}
	require.ErrorContains(t, measure.Configure(ctx, c, map[string]string{"no_such": "1"}), `ALTER SYSTEM SET "no_such" = '1': `)
}
