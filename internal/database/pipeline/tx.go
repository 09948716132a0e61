package pipeline

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// begins are the statements that begin a transaction.
var begins = map[sql.IsolationLevel]string{
	sql.LevelDefault:         "begin",
	sql.LevelReadUncommitted: "begin isolation level read uncommitted",
	sql.LevelReadCommitted:   "begin isolation level read committed",
	sql.LevelRepeatableRead:  "begin isolation level repeatable read",
	sql.LevelSnapshot:        "begin isolation level repeatable read",
	sql.LevelSerializable:    "begin isolation level serializable",
}

// transaction is the open transaction of a conn.
type transaction struct {
	// Closures over the context of BeginTx: database/sql passes none.
	commit, rollback func() error
}

// Commit implements [driver.Tx].
func (t transaction) Commit() error { return t.commit() }

// Rollback implements [driver.Tx].
func (t transaction) Rollback() error { return t.rollback() }

// Begin implements [driver.Conn]; database/sql calls BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx implements [driver.ConnBeginTx]. It sends nothing yet: a transaction
// without statements costs nothing.
func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin, ok := begins[sql.IsolationLevel(o.Isolation)]
	if !ok {
		return nil, fmt.Errorf("unsupported isolation %s", sql.IsolationLevel(o.Isolation))
	}
	if o.ReadOnly {
		begin += " read only"
	}
	c.open, c.sent, c.ahead, c.missed, c.failed = true, false, false, false, nil
	c.waiting = []statement{{query: begin}}
	for _, query := range c.first {
		c.waiting = append(c.waiting, statement{query: query})
	}
	return transaction{
		commit:   func() error { return c.commit(ctx) },
		rollback: func() error { return c.rollback(ctx) },
	}, nil
}

// commit commits the transaction or returns an error. If the connection was lost,
// the commit may have happened all the same.
func (c *conn) commit(ctx context.Context) error {
	defer c.end()
	if err := c.settle(ctx); err != nil {
		_ = c.rollback(ctx) // err says more
		return err
	}
	switch failed := c.failed; {
	case failed != nil:
		c.waiting = nil
		_ = c.rollback(ctx) // failed says more
		return failed
	case !c.sent && len(c.waiting) == 1+len(c.first): // BEGIN alone
		return nil
	}
	var tag string
	var err error
	if len(c.waiting) == 0 {
		answer, execErr := c.Conn.Conn().Exec(ctx, "commit")
		tag, err = answer.String(), execErr
	} else {
		err = c.send(ctx, statement{query: "commit", done: func(r pgx.BatchResults) error {
			answer, err := r.Exec()
			tag = answer.String()
			return err
		}})
	}
	switch {
	case err != nil:
		if c.Conn.Conn().PgConn().TxStatus() != 'I' {
			_ = c.rollback(ctx) // err says more
		}
		return err
	case tag != "COMMIT": // the caller overlooked an error of a statement
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// rollback abandons the transaction.
func (c *conn) rollback(ctx context.Context) error {
	defer c.end()
	if !c.sent {
		return nil
	}
	_, err := c.Conn.Conn().Exec(ctx, "rollback")
	if err != nil {
		_ = c.Close() // its state is unknown, so it must not be used again; err says more
	}
	return err
}

func (c *conn) end() {
	c.open, c.sent, c.waiting, c.ahead, c.missed, c.failed = false, false, nil, false, false, nil
}
