package pipeline

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/amends/amends/saga/barrier/txn"
)

// New returns a connector whose connections are those of inner, which must be
// pgx's, and send statements together. The statements of first follow each BEGIN.
func New(inner driver.Connector, first ...string) driver.Connector { return connector{inner, first} }

type connector struct {
	driver.Connector

	first []string
}

// Connect implements [driver.Connector].
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	pg, ok := inner.(*stdlib.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a %T is not pgx's", inner), inner.Close())
	}
	return &conn{Conn: pg, first: c.first}, nil
}

// conn is a connection of pgx that holds statements back, as the package comment
// describes.
type conn struct {
	*stdlib.Conn

	first   []string    // sent after each BEGIN
	open    bool        // there is a transaction
	sent    bool        // the server has received a part of it
	waiting []statement // held back; BEGIN and first begin them
	ahead   bool        // the last one that waits is for the next query, see txn.Ahead
	missed  bool        // it was sent, and has not written its row
	failed  error       // why the transaction cannot continue, although the server may not know
}

// statement is a statement that is held back.
type statement struct {
	query string
	args  []any
	done  func(pgx.BatchResults) error
}

var (
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
)

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	if txn.IsAhead(ctx) && c.open && c.failed == nil {
		c.ahead = true
		c.waiting = append(c.waiting, statement{query, values(args), func(r pgx.BatchResults) error {
			tag, err := r.Exec()
			c.missed = err == nil && tag.RowsAffected() != 1
			return err
		}})
		return driver.RowsAffected(1), nil
	}
	if rows, ok := txn.Queued(ctx); ok && c.open && c.failed == nil {
		c.waiting = append(c.waiting, exactly(rows, query, values(args)))
		return driver.RowsAffected(rows), nil
	}
	alone, err := c.alone(ctx, args)
	switch {
	case err != nil:
		return nil, err
	case alone:
		return c.Conn.ExecContext(ctx, query, args)
	}
	var tag pgconn.CommandTag
	err = c.send(ctx, statement{query, values(args), func(r pgx.BatchResults) (err error) {
		tag, err = r.Exec()
		return err
	}})
	return driver.RowsAffected(tag.RowsAffected()), err
}

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	alone, err := c.alone(ctx, args)
	switch {
	case err != nil:
		return nil, err
	case alone:
		return c.Conn.QueryContext(ctx, query, args)
	}
	var all *rows
	err = c.send(ctx, statement{query, values(args), func(r pgx.BatchResults) error {
		answer, err := r.Query()
		if err == nil {
			all, err = read(answer, c.Conn.Conn().TypeMap())
		}
		return err
	}})
	if err = c.missedOr(err); err != nil {
		return nil, err // not a nil *rows
	}
	return all, nil
}

// settle sends a statement that waits for a query, because another one comes.
func (c *conn) settle(ctx context.Context) error {
	if !c.ahead {
		return nil
	}
	return c.missedOr(c.send(ctx))
}

// missedOr returns err, which is of a statement behind one that was sent ahead. If that
// has not written its row the transaction cannot continue, and [txn.ErrMissed] is added.
func (c *conn) missedOr(err error) error {
	if !c.missed {
		return err
	}
	c.missed, c.failed = false, errors.Join(txn.ErrMissed, err)
	return c.failed
}

// PrepareContext implements [driver.ConnPrepareContext]. It sends nothing: pgx
// prepares a statement when it sends it.
func (c *conn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return prepared{c, query}, nil
}

// Prepare implements [driver.Conn].
func (c *conn) Prepare(query string) (driver.Stmt, error) { return prepared{c, query}, nil }

// ResetSession implements [driver.SessionResetter].
func (c *conn) ResetSession(ctx context.Context) error {
	if c.open {
		return driver.ErrBadConn
	}
	return c.Conn.ResetSession(ctx)
}

// alone reports whether a statement is sent by itself: no other one waits, or it has
// no arguments. A text without arguments may hold several statements, which only
// pgx's simple protocol accepts; waiting statements are sent before it.
func (c *conn) alone(ctx context.Context, args []driver.NamedValue) (bool, error) {
	switch {
	case c.failed != nil:
		return false, c.failed
	case len(c.waiting) == 0:
		c.sent = true
		return true, nil
	case len(args) == 0:
		return true, c.missedOr(c.send(ctx))
	}
	return false, nil
}

// send sends the waiting statements, then last, in one round trip.
func (c *conn) send(ctx context.Context, last ...statement) error {
	if c.Conn.Conn().IsClosed() {
		return driver.ErrBadConn
	}
	var b pgx.Batch
	for _, s := range append(c.waiting, last...) {
		b.Queue(s.query, s.args...).Fn = s.done
	}
	c.sent, c.waiting, c.ahead = true, nil, false
	err := c.Conn.Conn().SendBatch(ctx, &b).Close()
	if err != nil && c.Conn.Conn().PgConn().TxStatus() != 'E' {
		// The server does not know that the transaction has failed, or has never
		// received it: further statements would not be rolled back with the earlier ones.
		c.failed = err
	}
	return err
}

// exactly returns a statement that fails unless it writes that many rows: the
// division by zero stops the server before the rest of the batch, COMMIT included.
func exactly(rows int64, query string, args []any) statement {
	guarded := fmt.Sprintf("WITH written AS (%s RETURNING 1) SELECT 1 / (count(*) = %d)::int FROM written", query, rows)
	return statement{guarded, args, func(r pgx.BatchResults) error {
		_, err := r.Exec()
		if txn.SQLState(err) == divisionByZero {
			return fmt.Errorf("%w: %w", txn.ErrRows, err)
		}
		return err
	}}
}

const divisionByZero = "22012"

// values drops the positions: pgx takes arguments in order.
func values(args []driver.NamedValue) []any {
	all := make([]any, len(args))
	for i, a := range args {
		all[i] = settled(a.Value)
	}
	return all
}

// settled returns a copy of v, which may change before it is sent. Other pointers
// are left to pgx.
func settled(v any) any {
	switch v := v.(type) {
	case driver.Valuer:
		return v
	case []byte:
		return bytes.Clone(v)
	case json.RawMessage:
		return json.RawMessage(bytes.Clone(v))
	case *time.Time:
		if v != nil {
			return *v
		}
	}
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() && basic(p.Elem().Kind()) {
		return p.Elem().Interface()
	}
	return v
}

// basic reports whether a kind is a boolean, a number or a string.
func basic(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Float64 || k == reflect.String
}
