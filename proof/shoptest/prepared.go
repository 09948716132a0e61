package shoptest

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// prepared is the only connection of a database, for one goroutine. It prepares
// each statement once, because preparing takes most of the memory of a statement.
// (GORM's own cache prepares again in every transaction, and so does database/sql
// for its own transactions; so this connection begins and ends transactions by
// statements, too, as the driver would.)
//
// It ignores contexts. The explorer cancels none, and a deadline in real time
// would make a run depend on the load of the machine.
type prepared struct {
	db         *sql.DB
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	writes     int // statements that may have written
}

var (
	_ gorm.ConnPoolBeginner = (*prepared)(nil)
	_ gorm.GetDBConnector   = (*prepared)(nil)
	_ gorm.TxCommitter      = (*transaction)(nil)
)

// keepPrepared returns db over a [prepared] connection.
func keepPrepared(tb testing.TB, db *gorm.DB) *gorm.DB {
	tb.Helper()
	pool, err := db.DB()
	require.NoError(tb, err)
	conn, err := pool.Conn(tb.Context())
	require.NoError(tb, err)
	p := &prepared{db: pool, conn: conn, statements: map[string]*sql.Stmt{}}
	tb.Cleanup(func() { require.NoError(tb, p.close()) })

	db = db.Session(&gorm.Session{NewDB: true, Context: context.Background()})
	db.ConnPool, db.Statement.ConnPool = p, p
	return db
}

func (p *prepared) close() error {
	var all []error
	for _, s := range p.statements {
		all = append(all, s.Close())
	}
	return errors.Join(append(all, p.conn.Close())...)
}

// GetDBConn returns the pool of the connection.
func (p *prepared) GetDBConn() (*sql.DB, error) { return p.db, nil }

// PrepareContext returns the one statement for that text.
func (p *prepared) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := p.statements[query]; ok {
		return s, nil
	}
	s, err := p.conn.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, err
	}
	p.statements[query] = s
	return s, nil
}

// ExecContext runs a statement that returns no rows.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.PrepareContext(ctx, query) //nolint:sqlclosecheck // kept until close
	if err != nil {
		return nil, err
	}
	p.count(query)
	return s.ExecContext(context.WithoutCancel(ctx), args...)
}

// count counts a statement if it may write: INSERT … RETURNING is a query, too.
func (p *prepared) count(query string) {
	for _, reads := range []string{"SELECT ", "BEGIN", "COMMIT", "SAVEPOINT "} {
		if strings.HasPrefix(query, reads) {
			return
		}
	}
	p.writes++
}

// QueryContext runs a statement that returns rows.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.PrepareContext(ctx, query) //nolint:sqlclosecheck // kept until close
	if err != nil {
		return nil, err
	}
	p.count(query)
	return s.QueryContext(context.WithoutCancel(ctx), args...)
}

// QueryRowContext runs a statement that returns one row.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := p.PrepareContext(ctx, query) //nolint:sqlclosecheck // kept until close
	if err != nil {
		return p.conn.QueryRowContext(ctx, query, args...) // fails alike; a Row of our own cannot be made
	}
	p.count(query)
	return s.QueryRowContext(context.WithoutCancel(ctx), args...)
}

// BeginTx begins a transaction as the DSN asks for: immediate.
func (p *prepared) BeginTx(ctx context.Context, _ *sql.TxOptions) (gorm.ConnPool, error) {
	if _, err := p.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	return &transaction{p}, nil
}

// transaction is the connection while a transaction is open on it.
type transaction struct{ *prepared }

// BeginTx refuses: there are no transactions in transactions.
func (*transaction) BeginTx(context.Context, *sql.TxOptions) (gorm.ConnPool, error) {
	return nil, gorm.ErrInvalidTransaction
}

// Commit ends the transaction.
func (t *transaction) Commit() error {
	_, err := t.ExecContext(context.Background(), "COMMIT")
	return err
}

// Rollback ends the transaction without effect.
func (t *transaction) Rollback() error {
	_, err := t.ExecContext(context.Background(), "ROLLBACK")
	return err
}
