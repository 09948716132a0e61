// Package session decides how long a pool uses the sessions of a PostgreSQL server, so
// that none outlives its server's role.
package session

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
)

// Sessions decides how long the pool of one PostgreSQL database uses a session. A
// session survives a failover, because the connection of a primary that became
// read-only does not break; only its server's role has changed.
//
//   - A new session must be writable.
//   - After one answer that its server is read-only or stops, no session of its
//     generation begins another transaction: their server is the same. Otherwise each
//     could fail one more statement.
//   - A session whose server has reported another role meanwhile ends before its next
//     use, so that it does not read stale data either. Servers from version 14 on
//     report it.
//   - A session of a statement that was cancelled, and yet has its answer, is not used
//     again: see [abandoned].
//   - Every other session ends after its lifetime.
type Sessions struct {
	lifetime   time.Duration
	generation atomic.Int64
}

// New returns the rule for the sessions of one pool, each of which ends at the latest
// after the lifetime.
func New(lifetime time.Duration) *Sessions { return &Sessions{lifetime: lifetime} }

// session belongs to one connection.
type session struct {
	generation int64
	ends       time.Time
	role       string // as the server has reported it; see role
}

// sessionKey is the key of a session among the custom data of its connection.
const sessionKey = "amends session"

// roleLost are the SQLSTATEs of a server that takes no writes any more: it is
// read-only, was shut down, has crashed, or is starting.
var roleLost = []string{readOnlyState, "57P01", "57P02", "57P03"}

const readOnlyState = "25006"

// readOnlyError is the refusal of a new session, with the SQLSTATE that a write in it
// would have.
type readOnlyError struct{ error }

// SQLState returns the state of a write on a read-only server.
func (readOnlyError) SQLState() string { return readOnlyState }

func (e readOnlyError) Unwrap() error { return e.error }

// Connector returns a connector for cfg, which it changes. A target_session_attrs of
// the DSN is respected besides.
func (s *Sessions) Connector(cfg *pgx.ConnConfig) driver.Connector {
	watch := cfg.BuildContextWatcherHandler
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler { return abandoned{watch(c), c} }
	asked, survives := cfg.ValidateConnect, cfg.OnPgError
	cfg.ValidateConnect = func(ctx context.Context, c *pgconn.PgConn) error {
		c.CustomData()[sessionKey] = s.begin(c) // before the question: its answer may be outdated soon
		switch err := pgconn.ValidateConnectTargetSessionAttrsReadWrite(ctx, c); {
		case errors.Is(err, pgconn.ErrReadOnlyConnection):
			return readOnlyError{err}
		case err != nil:
			return fmt.Errorf("ask whether the server is writable: %w", err)
		case asked != nil:
			return asked(ctx, c)
		}
		return nil
	}
	cfg.OnPgError = func(c *pgconn.PgConn, err *pgconn.PgError) bool {
		if of, begun := c.CustomData()[sessionKey].(session); begun && slices.Contains(roleLost, err.Code) {
			s.generation.CompareAndSwap(of.generation, of.generation+1)
		}
		return survives(c, err)
	}
	return stdlib.GetConnector(*cfg, stdlib.OptionResetSession(func(_ context.Context, c *pgx.Conn) error {
		if !s.usable(c.PgConn()) {
			return driver.ErrBadConn // the pool closes it and takes another
		}
		return nil
	}))
}

// abandoned ends the use of a connection after the context of one of its statements was
// cancelled, although the statement has its answer. If the write of the statement was slow,
// pgx reads in the background, and may have read the deadline that the cancellation set:
// the next statement would fail with a timeout that is not its own.
type abandoned struct {
	ctxwatch.Handler

	conn *pgconn.PgConn
}

// HandleUnwatchAfterCancel implements [ctxwatch.Handler].
func (a abandoned) HandleUnwatchAfterCancel() {
	delete(a.conn.CustomData(), sessionKey) // so it is not usable
	a.Handler.HandleUnwatchAfterCancel()
}

// begin returns a new session of c. Its end is random in the last fifth of the
// lifetime: connections that were opened together are not replaced together.
func (s *Sessions) begin(c *pgconn.PgConn) session {
	return session{s.generation.Load(), time.Now().Add(s.lifetime - rand.N(s.lifetime/5+1)), role(c)}
}

func (s *Sessions) usable(c *pgconn.PgConn) bool {
	of, begun := c.CustomData()[sessionKey].(session)
	return begun && of.generation == s.generation.Load() && time.Now().Before(of.ends) && of.role == role(c)
}

// role returns the last report of c's server. Only its changes have a meaning: a proxy
// may repeat the report of a server that it has left.
func role(c *pgconn.PgConn) string {
	return c.ParameterStatus("default_transaction_read_only") + " " + c.ParameterStatus("in_hot_standby")
}
