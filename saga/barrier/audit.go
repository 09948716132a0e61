package barrier

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/compare"
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
	err := Within(db.WithContext(ctx), "saga", r).Select("saga", "step", "generation", "state", "code", "outcome", "created_at", "updated_at").
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

// Within narrows a query to the sagas of r; column holds their ids.
func Within(q *gorm.DB, column string, r audit.Range) *gorm.DB {
	if len(r.Sagas) > 0 {
		return q.Where(column+" IN ?", r.Sagas)
	}
	if r.After != "" {
		q = q.Where(column+" > ?", r.After)
	}
	if r.To != "" {
		q = q.Where(column+" <= ?", r.To)
	}
	return q
}

// Cut shortens r to its first Limit sagas that are in the ledger or in one of the
// tables, which need an indexed column saga. If it left sagas out, more is true
// and the next page starts after cut.To. A list is never cut.
func Cut(ctx context.Context, db *gorm.DB, r audit.Range, tables ...string) (cut audit.Range, more bool, err error) {
	if len(r.Sagas) > 0 || r.Limit <= 0 {
		return r, false, nil
	}
	var parts []string
	var args []any
	for i, table := range append([]string{(*row)(nil).TableName()}, tables...) {
		// Each part has its own limit, so that only the start of an index is read.
		part := "SELECT saga FROM (SELECT DISTINCT saga FROM " + table + " WHERE saga > ?"
		args = append(args, r.After)
		if r.To != "" {
			part += " AND saga <= ?"
			args = append(args, r.To)
		}
		parts = append(parts, fmt.Sprintf("%s ORDER BY saga LIMIT ?) AS t%d", part, i))
		args = append(args, r.Limit+1)
	}
	var sagas []string
	err = db.WithContext(ctx).Raw(strings.Join(parts, " UNION ")+" ORDER BY saga LIMIT ?", append(args, r.Limit+1)...).Scan(&sagas).Error
	if err != nil {
		return r, false, fmt.Errorf("list the sagas: %w", err)
	}
	if len(sagas) > r.Limit {
		r.To, more = sagas[r.Limit-1], true
	}
	return r, more, nil
}
