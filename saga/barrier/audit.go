package barrier

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/compare"
	"github.com/amends/amends/saga/barrier/pages"
)

// Entry is the ledger's row of one key.
type Entry struct {
	Told // without Message

	CreatedAt, UpdatedAt time.Time // UTC
}

// Undoable reports whether an undo of the key would run, or at least ask the
// external system. In any other state, or without an entry, there is nothing to
// undo, whatever other tables say.
func (e Entry) Undoable() bool { return e.State.Undoable() }

// Answered reports whether a do was answered with an outcome. The ledger keeps it
// when the step is undone; a step undone as an intent never had one.
func (e Entry) Answered() bool { return e.Outcome != "" }

// Answer returns the recorded outcome of e's do; without one, the zero Out.
func Answer[Out any](e Entry) (Out, error) { return decode[Out](e.Outcome) }

// Differs compares the recorded outcome of e's do with the outcome that the
// service's own rows imply. It describes both in words, or returns "" if they are
// equal. Only recorded fields are compared: another release may have had others.
func Differs[Out any](e Entry, rows Out) string { return compare.Outcome(e.Outcome, rows) }

// Entries returns the ledger's rows of the sagas of r, by key. It takes no locks
// and ignores r.Limit.
func Entries(ctx context.Context, db *gorm.DB, r audit.Range) ([]Entry, error) {
	var rows []row
	err := pages.Within(db.WithContext(ctx), "saga", r).Select("saga", "step", "generation", "state", "code", "outcome", "created_at", "updated_at").
		Order("saga, step, generation").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	all := make([]Entry, len(rows))
	for i, r := range rows {
		k := Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation}
		all[i] = Entry{Told{Key: k, State: r.State, Code: r.Code, Outcome: r.Outcome}, r.CreatedAt.UTC(), r.UpdatedAt.UTC()}
	}
	return all, nil
}
