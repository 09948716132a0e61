package barrier

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/traced"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/ledger"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations holds the migration 00001 of every service that uses the barrier,
// at its root. A service's own migrations start at 00002.
var Migrations = must(fs.Sub(files, "migrations"))

func must(f fs.FS, err error) fs.FS {
	if err != nil {
		panic(err) // the folder is embedded: it is there
	}
	return f
}

// State is the state of one step; see [ledger.State].
type State = ledger.State

// The states of a row. A key without a row has none of them.
const (
	Intent  = ledger.Intent
	Done    = ledger.Done
	Refused = ledger.Refused
	Undone  = ledger.Undone
	Blocked = ledger.Blocked
)

// row is one row of the ledger. Request, Outcome, Code and Message may be empty.
type row struct {
	Saga        string `gorm:"primaryKey"`
	Step        string `gorm:"primaryKey"`
	Generation  int    `gorm:"primaryKey;autoIncrement:false"`
	State       State
	Fingerprint string
	Request     string
	Outcome     string
	Code        fault.Code
	Message     string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TableName returns the name of the ledger.
func (*row) TableName() string { return "barrier" }

// insert claims c's key with r, which has the state. It reports whether the key was
// free; it waits for another open transaction that has claimed it.
func insert(tx *gorm.DB, c Call, r row) (bool, error) {
	if c.Key.Saga == "" || c.Key.Step == "" || c.Key.Generation < 0 {
		return false, fault.Errorf(fault.Bug, fault.Invalid, "%q is not a key", c.Key)
	}
	if c.Request != nil {
		var err error
		if r.Request, err = encode(c.Request); err != nil {
			return false, err
		}
	}
	at := txn.Now()
	rows, err := txn.Exec(tx, `INSERT INTO barrier (saga, step, generation, state, fingerprint, request, outcome, code, message, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		c.Key.Saga, c.Key.Step, c.Key.Generation, r.State, c.Fingerprint, r.Request, r.Outcome, r.Code, r.Message, at, at)
	if rows == 1 {
		traced.Found(tx.Statement.Context, c.Key, "")
		traced.Became(tx.Statement.Context, c.Key, r.State)
	}
	return rows == 1, err
}

// claim claims c's key with an intent. That of a do is never seen: it commits as done.
func (c Call) claim(tx *gorm.DB) (bool, error) { return insert(tx, c, row{State: Intent}) }

// transact runs f in one transaction with the claim of c's key; first reports whether the
// key was free.
func (c Call) transact(ctx context.Context, db *gorm.DB, f func(tx *gorm.DB, first bool) error) error {
	if c.Contended {
		return txn.Await(ctx, db, c.claim, f)
	}
	return txn.Expect(ctx, db, c.claim, f)
}

// block claims k so that no do of it takes effect, and tells of it. It reports whether
// the key was free.
func block(tx *gorm.DB, k Key, tell []Tell) (bool, error) {
	r := row{State: Blocked}
	first, err := insert(tx, Call{Key: k}, r)
	if err != nil || !first {
		return false, err
	}
	return true, r.tell(tx, k, false, tell)
}

func where(tx *gorm.DB, k Key) *gorm.DB {
	return tx.Where("saga = ? AND step = ? AND generation = ?", k.Saga, k.Step, k.Generation)
}

// locked makes find wait for a transaction that is changing the row, and then keeps
// others from changing it before tx ends. (SQLite has no row locks: tx is the only
// writer.)
func locked(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

// find returns the row of k, or nil. Under READ COMMITTED it sees the writes of a
// transaction that insert or change waited for. It takes no lock of its own: change
// decides.
func find(tx *gorm.DB, k Key) (*row, error) {
	var rows []row
	if err := where(tx, k).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	traced.Found(tx.Statement.Context, k, rows[0].State)
	return &rows[0], nil
}

// change moves the row of k from one of the given states to r's and sets r's result
// unless it has none. It reports whether it found such a row. Two changes of a row
// queue; the second sees the result of the first.
func change(tx *gorm.DB, k Key, r *row, from ...State) (bool, error) {
	sql, args := update(k, r, from)
	rows, err := txn.Exec(tx, sql, args...)
	if rows == 1 {
		traced.Became(tx.Statement.Context, k, r.State)
	}
	return rows == 1, err
}

// update returns the statement of a change. Plain SQL here and in insert, because every
// step of every saga executes both: GORM's own is built anew, by reflection, each time.
func update(k Key, r *row, from []State) (sql string, args []any) {
	set := "state = ?, updated_at = ?"
	args = []any{r.State, txn.Now()}
	switch r.State {
	case Done:
		set, args = set+", outcome = ?", append(args, r.Outcome)
	case Refused:
		set, args = set+", code = ?, message = ?", append(args, r.Code, r.Message)
	case Intent, Undone, Blocked: // an undone row keeps its outcome
	}
	args = append(args, k.Saga, k.Step, k.Generation)
	for _, state := range from {
		args = append(args, state)
	}
	return "UPDATE barrier SET " + set + " WHERE saga = ? AND step = ? AND generation = ? AND state IN (?" + strings.Repeat(", ?", len(from)-1) + ")", args
}

// finish records the outcome of the do that has claimed k in this transaction, and tells
// of it. It comes last, so the row travels with COMMIT.
func finish(tx *gorm.DB, k Key, out any, tell []Tell) error {
	outcome, err := encode(out)
	if err != nil {
		return err
	}
	r := row{State: Done, Outcome: outcome}
	won, err := change(txn.Queue(tx, 1), k, &r, Intent)
	switch {
	case err != nil:
		return err
	case !won:
		return fault.Errorf(fault.Bug, fault.Conflict, "%s was changed by another transaction than its own", k)
	}
	return r.tell(tx, k, false, tell)
}

// encode returns v as JSON.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fault.Errorf(fault.Bug, fault.Internal, "a %T cannot be recorded", v)
	}
	return string(b), nil
}

// decode is the inverse of encode; no record is the zero T.
func decode[T any](s string) (v T, err error) {
	if s == "" {
		return v, nil
	}
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		return v, fault.Errorf(fault.Bug, fault.Internal, "what was recorded is no %T", v)
	}
	return v, nil
}
