package barrier_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

// An actor is a goroutine that takes one operation and stops before each of its
// statements until the scheduler releases it. The fields below the line belong to
// the scheduler.
type actor struct {
	name    string
	on      beginner
	pid     uint32 // of its backend in PostgreSQL
	coarse  bool   // stops before transactions only
	missed  bool   // its claim went ahead of a query, and found the key taken
	events  chan<- event
	proceed chan struct{}
	abort   <-chan struct{}

	at       string // the statement it stands before or is in
	state    actorState
	from, to int    // when it was first released and when it ended, in steps of the run
	answer   string // when it has ended
}

type actorState int

const (
	running actorState = iota // between statements or in one
	queued                    // in a statement that waits for a lock
	parked                    // before a statement
	ended
)

// event is an actor that stands before a statement, or has ended with an answer.
type event struct {
	actor  *actor
	at     string
	answer string
}

// beginner is a pool, or one connection of it.
type beginner interface {
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

var errAborted = errors.New("the run was given up")

// stop waits for the scheduler's leave to send a statement.
func (a *actor) stop(at string) error {
	if a.coarse && at != "BEGIN" && !strings.HasSuffix(at, alone) {
		return nil
	}
	select {
	case a.events <- event{actor: a, at: at}:
	case <-a.abort:
		return errAborted
	}
	select {
	case <-a.proceed:
		return nil
	case <-a.abort:
		return errAborted
	}
}

type actorKey struct{}

// gate is a pool that stops before everything that the server sees of the actor that
// the context carries: BEGIN comes to it with the first statement, and a queued
// statement with the next one or with COMMIT. GORM sends its statements to the gate,
// so that the barrier under test is the real one.
type gate struct{ *sql.DB }

// alone marks a statement outside a transaction.
const alone = " alone"

// gated returns db with a gate before it.
func gated(ctx context.Context, db *gorm.DB) (*gorm.DB, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	g := db.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = gate{pool}
	return g, nil
}

// stop stops the actor of ctx and returns it.
func (gate) stop(ctx context.Context, at string) (*actor, error) {
	a, ok := ctx.Value(actorKey{}).(*actor)
	if !ok {
		return nil, errors.New("the context carries no actor")
	}
	return a, a.stop(at)
}

func (g gate) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	a, err := g.stop(ctx, label(query)+alone)
	if err != nil {
		return nil, err
	}
	return a.on.ExecContext(ctx, query, args...)
}

func (g gate) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	a, err := g.stop(ctx, label(query)+alone)
	if err != nil {
		return nil, err
	}
	return a.on.QueryContext(ctx, query, args...)
}

func (g gate) BeginTx(ctx context.Context, o *sql.TxOptions) (gorm.ConnPool, error) {
	a, err := g.stop(ctx, begin(ctx))
	if err != nil {
		return nil, err
	}
	tx, err := a.on.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return &gatedTx{Tx: tx, actor: a}, nil
}

// begin returns the label of BEGIN. That behind a claim which missed is not of a call
// that lost a race.
func begin(ctx context.Context) string {
	if a, ok := ctx.Value(actorKey{}).(*actor); ok && a.missed {
		return "BEGIN with the answer"
	}
	return "BEGIN"
}

type gatedTx struct {
	*sql.Tx

	actor *actor
	began bool // the first statement was sent, and BEGIN with it
}

// stop stops before a statement that is sent at once.
func (t *gatedTx) stop(ctx context.Context, query string) error {
	first := !t.began
	t.began = true
	if _, queued := txn.Queued(ctx); first || queued {
		return nil
	}
	return t.actor.stop(label(query))
}

func (t *gatedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := t.stop(ctx, query); err != nil {
		return nil, err
	}
	res, err := t.Tx.ExecContext(ctx, query, args...)
	return res, t.note(err)
}

// note notes that the claim has missed.
func (t *gatedTx) note(err error) error {
	t.actor.missed = t.actor.missed || errors.Is(err, txn.ErrMissed)
	return err
}

func (t *gatedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.stop(ctx, query); err != nil {
		return nil, err
	}
	rows, err := t.Tx.QueryContext(ctx, query, args...)
	return rows, t.note(err)
}

func (t *gatedTx) Commit() error {
	if err := t.actor.stop("COMMIT"); err != nil {
		return err
	}
	return t.note(t.Tx.Commit())
}

func (t *gatedTx) Rollback() error {
	if err := t.actor.stop("ROLLBACK"); err != nil {
		return errors.Join(err, t.Tx.Rollback())
	}
	return t.Tx.Rollback()
}

// label shortens a statement to its verb and its table.
func label(query string) string {
	verb, _, _ := strings.Cut(query, " ")
	for _, table := range []string{"effect", "barrier"} {
		if strings.Contains(query, table) {
			return verb + " " + table
		}
	}
	return query
}

// mayRelease says whether a statement can give back a lock that others wait for.
func mayRelease(at string) bool {
	return at == "COMMIT" || at == "ROLLBACK" || strings.HasSuffix(at, alone)
}
