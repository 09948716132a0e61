package session_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database/session"
	"github.com/amends/amends/proof/dbtest"
)

// A cancelled statement may have its answer all the same. Its connection may then hold a
// timeout for the next statement.
func TestASessionWhoseStatementWasCancelledIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	cfg, err := pgx.ParseConfig(dbtest.Postgres(t))
	require.NoError(t, err)
	pool := sql.OpenDB(session.New(time.Hour).Connector(cfg))
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	use := func(f func(*pgconn.PgConn)) (pid uint32) {
		conn, err := pool.Conn(t.Context())
		require.NoError(t, err)
		require.NoError(t, conn.Raw(func(c any) error {
			pg := c.(*stdlib.Conn).Conn().PgConn() //nolint:errcheck,forcetypeassert // the driver is pgx
			f(pg)
			pid = pg.PID()
			return nil
		}))
		require.NoError(t, conn.Close())
		return pid
	}
	first := use(func(*pgconn.PgConn) {})
	require.Equal(t, first, use(func(pg *pgconn.PgConn) {
		handler := cfg.BuildContextWatcherHandler(pg)
		handler.HandleCancel(context.Background())
		handler.HandleUnwatchAfterCancel()
	}), "it was not cancelled before")
	require.NotEqual(t, first, use(func(*pgconn.PgConn) {}))
	require.NoError(t, pool.PingContext(t.Context()))
}
