package barrier

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/key"
)

// Standing is what the ledger says of one key.
type Standing struct {
	Key       Key
	State     State
	CreatedAt time.Time // UTC

	outcome string // JSON; empty: none is recorded
}

// Undoable says that an undo of the key would run, or at least ask outside: a
// key in any other state, or without a row, has nothing to undo, whatever other
// tables say.
func (s Standing) Undoable() bool { return s.State.Undoable() }

// Answered says that a do was answered with an outcome, which the ledger keeps
// when it is undone. What was undone as an intent had none.
func (s Standing) Answered() bool { return s.outcome != "" }

// Answer returns the outcome that the do of s was answered with; the zero Out if
// there is none.
func Answer[Out any](s Standing) (Out, error) { return decode[Out](s.outcome) }

// Differs compares what the do of s was answered with what the service's own rows
// say that it did, and returns both in words; nothing if they are the same. Only
// what was recorded is compared: another release may have had other fields.
func Differs[Out any](s Standing, rows Out) string {
	own, err := encode(rows)
	switch {
	case err != nil:
		return err.Error()
	case own == s.outcome: // nearly always, and without reading any JSON
		return ""
	case s.outcome == "":
		return "it was answered nothing, the rows say " + own
	}
	if out, err := Answer[Out](s); err == nil {
		// As this release would have written it: without the fields that it does not
		// know, and with zeros for those that were not recorded.
		if again, err := encode(out); err == nil && saysTheSame(s.outcome, again, own) {
			return ""
		}
	}
	recorded, own := apart(s.outcome, own)
	return fmt.Sprintf("it was answered %s, the rows say %s", recorded, own)
}

// saysTheSame is same for JSON.
func saysTheSame(recorded, again, own string) bool {
	var values [3]any
	for i, text := range []string{recorded, again, own} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber() // a float64 has not all of an int64
		if d.Decode(&values[i]) != nil {
			return false
		}
	}
	return same(values[0], values[1], values[2])
}

// same says whether again and own agree in all that recorded has. What neither of
// them has is a field that this release does not know, or a zero that it omits.
func same(recorded, again, own any) bool {
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
			if inA != inB || inA && !same(was, is, has) {
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
			if !same(recorded[i], a[i], b[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(again, own)
}

// apart cuts two texts that are not the same down to where they differ, if they
// are long: a page of them must fit into one message.
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

// Standings returns what the ledger says of the sagas of r, by key. It takes no
// locks and does not look at r's limit.
func Standings(ctx context.Context, db *gorm.DB, r key.Range) ([]Standing, error) {
	var rows []row
	err := Within(db.WithContext(ctx), "saga", r).Select("saga", "step", "generation", "state", "outcome", "created_at").
		Order("saga, step, generation").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	all := make([]Standing, len(rows))
	for i, r := range rows {
		k := Key{Saga: r.Saga, Step: r.Step, Generation: r.Generation}
		all[i] = Standing{Key: k, State: r.State, CreatedAt: r.CreatedAt.UTC(), outcome: r.Outcome}
	}
	return all, nil
}

// Within narrows a query to the sagas of r, which column names.
func Within(q *gorm.DB, column string, r key.Range) *gorm.DB {
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

// Cut returns r cut off behind its first Limit sagas that are in the ledger or
// in one of the tables, which have a column saga with an index, and whether that
// left something out: then what follows begins behind the To of the range that it
// returns. A list is never cut.
func Cut(ctx context.Context, db *gorm.DB, r key.Range, tables ...string) (cut key.Range, more bool, err error) {
	if len(r.Sagas) > 0 || r.Limit <= 0 {
		return r, false, nil
	}
	var parts []string
	var args []any
	for i, table := range append([]string{(*row)(nil).TableName()}, tables...) {
		// Each part stops by itself: only an index is read, and not the whole stretch.
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
		return r, false, fmt.Errorf("read which sagas there are: %w", err)
	}
	if len(sagas) > r.Limit {
		r.To, more = sagas[r.Limit-1], true
	}
	return r, more, nil
}
