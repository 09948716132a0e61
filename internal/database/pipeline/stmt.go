package pipeline

import (
	"context"
	"database/sql/driver"
)

// prepared is a statement of database/sql.
type prepared struct {
	conn  *conn
	query string
}

// Close implements [driver.Stmt].
func (prepared) Close() error { return nil }

// NumInput implements [driver.Stmt]; the server counts the arguments.
func (prepared) NumInput() int { return -1 }

// Exec implements [driver.Stmt]; database/sql calls ExecContext.
func (prepared) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }

// Query implements [driver.Stmt]; database/sql calls QueryContext.
func (prepared) Query([]driver.Value) (driver.Rows, error) { return nil, driver.ErrSkip }

// ExecContext implements [driver.StmtExecContext].
func (s prepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (s prepared) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}
