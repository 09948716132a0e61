// Package mortal gives a service a database that dies with its process: the explorer of
// choreographed sagas (package explore) lets it die before or after any commit of a
// reaction.
package mortal

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"github.com/amends/amends/event/eventtest/stage"
)

// Wrap returns db as the process of the reactions of r uses it: every statement fails once
// it has died, and every commit of a transaction passes through r. Every transaction of db
// must be one of GORM's.
func Wrap(db *gorm.DB, r *stage.Registry) *gorm.DB {
	db = db.Session(&gorm.Session{NewDB: true, Context: context.Background()})
	c := &conn{db.ConnPool, r}
	db.ConnPool, db.Statement.ConnPool = c, c
	return db
}

// conn is a connection pool, or a transaction, of a process.
type conn struct {
	gorm.ConnPool

	r *stage.Registry
}

var (
	_ gorm.ConnPoolBeginner = (*conn)(nil)
	_ gorm.GetDBConnector   = (*conn)(nil)
	_ gorm.TxCommitter      = (*transaction)(nil)
)

// GetDBConn returns the pool.
func (c *conn) GetDBConn() (*sql.DB, error) {
	switch pool := c.ConnPool.(type) {
	case *sql.DB:
		return pool, nil
	case gorm.GetDBConnector:
		return pool.GetDBConn() //nolint:wrapcheck // passes through
	}
	return nil, gorm.ErrInvalidDB
}

// PrepareContext prepares a statement.
func (c *conn) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := c.r.Died(); err != nil {
		return nil, err //nolint:wrapcheck // the process's end
	}
	return c.ConnPool.PrepareContext(ctx, query) //nolint:wrapcheck // passes through
}

// ExecContext executes a statement.
func (c *conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := c.r.Died(); err != nil {
		return nil, err //nolint:wrapcheck // the process's end
	}
	return c.ConnPool.ExecContext(ctx, query, args...) //nolint:wrapcheck // passes through
}

// QueryContext runs a query.
func (c *conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := c.r.Died(); err != nil {
		return nil, err //nolint:wrapcheck // the process's end
	}
	return c.ConnPool.QueryContext(ctx, query, args...) //nolint:wrapcheck // passes through
}

// QueryRowContext runs a query for one row. A row of a process that has died cannot be
// made, so its query runs: it has no effect that a rollback does not take back.
func (c *conn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return c.ConnPool.QueryRowContext(ctx, query, args...)
}

// BeginTx begins a transaction.
func (c *conn) BeginTx(ctx context.Context, o *sql.TxOptions) (gorm.ConnPool, error) {
	if err := c.r.Died(); err != nil {
		return nil, err //nolint:wrapcheck // the process's end
	}
	var (
		tx  gorm.ConnPool
		err error
	)
	switch pool := c.ConnPool.(type) {
	case gorm.TxBeginner:
		tx, err = pool.BeginTx(ctx, o)
	case gorm.ConnPoolBeginner:
		tx, err = pool.BeginTx(ctx, o)
	default:
		err = gorm.ErrInvalidTransaction
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // passes through
	}
	return &transaction{conn: conn{tx, c.r}}, nil
}

// transaction is a transaction of a process.
type transaction struct {
	conn

	ended bool
}

// BeginTx refuses: there are no transactions in transactions.
func (*transaction) BeginTx(context.Context, *sql.TxOptions) (gorm.ConnPool, error) {
	return nil, gorm.ErrInvalidTransaction
}

// Commit ends the transaction, unless the process dies before.
func (t *transaction) Commit() error {
	t.ended = true
	own := t.ConnPool.(gorm.TxCommitter)        //nolint:errcheck // GORM's own asks for it
	return t.r.Commit(own.Commit, own.Rollback) //nolint:wrapcheck // passes through
}

// Rollback ends the transaction without effect, if it has not ended.
func (t *transaction) Rollback() error {
	if t.ended {
		return nil
	}
	t.ended = true
	return t.ConnPool.(gorm.TxCommitter).Rollback() //nolint:errcheck,wrapcheck // as above
}
