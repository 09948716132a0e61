package barrier

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/audit"
)

// Entry is the ledger's row of one key.
type Entry struct {
	Key       Key
	State     State
	CreatedAt time.Time // UTC

	outcome string // JSON; empty: none is recorded
}

// Undoable reports whether an undo of the key would run, or at least ask the
// external system. In any other state, or without an entry, there is nothing to
// undo, whatever other tables say.
func (e Entry) Undoable() bool { return e.State.Undoable() }

// Answered reports whether a do was answered with an outcome. The ledger keeps it
// when the step is undone; a step undone as an intent never had one.
func (e Entry) Answered() bool { return e.outcome != "" }

// Answer returns the recorded outcome of e's do; without one, the zero Out.
func Answer[Out any](e Entry) (Out, error) { return decode[Out](e.outcome) }

// Differs compares the recorded outcome of e's do with the outcome that the
// service's own rows imply. It describes both in words, or returns "" if they are
// equal. Only recorded fields are compared: another release may have had others.
func Differs[Out any](e Entry, rows Out) string {
	own, err := encode(rows)
	switch {
	case err != nil:
		return err.Error()
	case own == e.outcome: // nearly always, and without parsing JSON
		return ""
	case e.outcome == "":
		return "it was answered nothing, the rows say " + own
	}
	if out, err := Answer[Out](e); err == nil {
		// As this release would have written it: without fields that it does not know,
		// and with zeros for those that were not recorded.
		if again, err := encode(out); err == nil && equalJSON(e.outcome, again, own) {
			return ""
		}
	}
	recorded, own := apart(e.outcome, own)
	return fmt.Sprintf("it was answered %s, the rows say %s", recorded, own)
}

// equalJSON is equal for JSON texts.
func equalJSON(recorded, again, own string) bool {
	var values [3]any
	for i, text := range []string{recorded, again, own} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber() // a float64 cannot hold every int64
		if d.Decode(&values[i]) != nil {
			return false
		}
	}
	return equal(values[0], values[1], values[2])
}

// equal reports whether again and own agree in every field of recorded. A field
// that neither has is unknown to this release, or a zero that it omits.
func equal(recorded, again, own any) bool {
	switch recorded := recorded.(type) {
	case map[string]any:
		a, okA := again.(map[string]any)
		b, okB := own.(map[string]any)
		if !okA || !okB {
			break
		}
		for field, was := range recorded {
			is, inA := a[field]
			has, inB := b[field]
			if inA != inB || inA && !equal(was, is, has) {
				return false
			}
		}
		return true
	case []any:
		a, okA := again.([]any)
		b, okB := own.([]any)
		if !okA || !okB || len(a) != len(recorded) || len(b) != len(recorded) {
			break
		}
		for i := range recorded {
			if !equal(recorded[i], a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(again, own)
}

// apart cuts two long texts down to the place where they differ: a page of them
// must fit into one message.
func apart(a, b string) (string, string) {
	const most, before = 300, 50
	if max(len(a), len(b)) <= most {
		return a, b
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	cut := func(s string) string {
		from, dots := max(0, same-before), ""
		if from > 0 {
			dots = "…"
		}
		s = s[from:]
		if len(s) > most {
			s = s[:most] + "…"
		}
		return dots + strings.ToValidUTF8(s, "") // the cuts may be inside a character
	}
	return cut(a), cut(b)
}

// Entries returns the ledger's rows of the sagas of r, by key. It takes no locks
// and ignores r.Limit.
func Entries(ctx context.Context, db *gorm.DB, r audit.Range) ([]Entry, error) {
	var rows []row
	err := Within(db.WithContext(ctx), "saga", r).Select("saga", "step", "generation", "state", "outcome", "created_at").
		Order("saga, step, generation").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	all := make([]Entry, len(rows))
	for i, r := range rows {
		k := Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation}
		all[i] = Entry{Key: k, State: r.State, CreatedAt: r.CreatedAt.UTC(), outcome: r.Outcome}
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
