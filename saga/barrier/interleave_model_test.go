package barrier_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier"
)

// history makes the database itself write down every change of the ledger.
var history = map[string][]string{
	"postgres": {
		`CREATE TABLE history (id bigserial PRIMARY KEY, saga text NOT NULL, state text NOT NULL)`,
		`CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN INSERT INTO history (saga, state) VALUES (NEW.saga, NEW.state); RETURN NULL; END $$`,
		`CREATE TRIGGER remember AFTER INSERT OR UPDATE ON barrier FOR EACH ROW EXECUTE FUNCTION remember()`,
		`CREATE INDEX history_saga ON history (saga)`,
		`CREATE INDEX effect_saga ON effect (saga)`,
	},
	"sqlite": {
		`CREATE TABLE history (id integer PRIMARY KEY, saga text NOT NULL, state text NOT NULL)`,
		`CREATE TRIGGER remember_insert AFTER INSERT ON barrier BEGIN
			INSERT INTO history (saga, state) VALUES (NEW.saga, NEW.state); END`,
		`CREATE TRIGGER remember_update AFTER UPDATE ON barrier BEGIN
			INSERT INTO history (saga, state) VALUES (NEW.saga, NEW.state); END`,
		`CREATE INDEX history_saga ON history (saga)`,
		`CREATE INDEX effect_saga ON effect (saga)`,
	},
}

// op is one call of the barrier. It answers as the lines of [table] do, but each
// do has an outcome of its own, so that answers tell who acted.
type op struct {
	arrives string // as in the table
	late    bool   // starts only when an undo has ended: a zombie
	decides bool   // is such an undo
	run     func(ctx context.Context, db *gorm.DB, k barrier.Key, who string) string
}

func (o op) String() string {
	if o.late {
		return "late " + o.arrives
	}
	return o.arrives
}

// write is an effect that leaves a line in the business table.
func write(k barrier.Key, format string, args ...any) func(tx *gorm.DB) error {
	return func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO effect (saga, name) VALUES (?, ?)", k.Saga, fmt.Sprintf(format, args...)).Error
	}
}

// inWords is the answer of the table for an error, else answer.
func inWords(answer string, err error) string {
	if err != nil {
		return fmt.Sprintf("%s %s", fault.KindOf(err), fault.CodeOf(err))
	}
	return answer
}

func outcomeOf(who string) outcome { return outcome{Reservation: "res_" + who} }

func callOf(k barrier.Key) barrier.Call {
	return barrier.Call{Key: k, Fingerprint: barrier.Fingerprint(1, "MUG", "2"), Request: mugs}
}

// doing returns a do whose effect writes and then ends with the error of ends.
func doing(arrives string, ends func() error) op {
	return op{arrives: arrives, run: func(ctx context.Context, db *gorm.DB, k barrier.Key, who string) string {
		out, err := barrier.Do(ctx, db, callOf(k), func(tx *gorm.DB) (outcome, error) {
			return outcomeOf(who), errors.Join(write(k, "do by %s", who)(tx), ends())
		})
		return inWords(out.Reservation, err)
	}}
}

var (
	do       = doing("do", func() error { return nil })
	doRefuse = doing("do that refuses", func() error { return refusal() })
	doFail   = doing("do that fails", func() error { return errors.New("no luck") })
	lateDo   = op{arrives: do.arrives, late: true, run: do.run}

	undo = op{arrives: "undo", decides: true, run: func(ctx context.Context, db *gorm.DB, k barrier.Key, who string) string {
		return inWords("ok", barrier.Undo(ctx, db, k, func(tx *gorm.DB, out outcome) error {
			return write(k, "undo of %s by %s", out.Reservation, who)(tx)
		}))
	}}

	settle = op{arrives: "settle", run: func(ctx context.Context, db *gorm.DB, k barrier.Key, _ string) string {
		out, happened, err := barrier.Settle[outcome](ctx, db, k)
		if !happened {
			return inWords("not happened", err)
		}
		return inWords(out.Reservation, err)
	}}
)

// ledger is the state of one key: its row, and the effects and the history of the
// calls so far, in words.
type ledger struct {
	state            barrier.State
	outcome          string
	effects, history string
}

// take lets o arrive, all of it at once, and returns its answer.
func (l *ledger) take(o op, who string) (answer string) {
	arrives := o.arrives
	if l.state != nothing {
		arrives, _, _ = strings.Cut(arrives, " that ") // its effect does not run
	}
	i := slices.IndexFunc(table, func(line tableLine) bool { return line.arrives == arrives && line.finds == l.state })
	if i < 0 {
		return fmt.Sprintf("the table does not say what %s does to %q", arrives, l.state)
	}
	line := table[i]
	before := *l
	if line.leaves != line.finds {
		if line.finds == nothing && line.leaves == barrier.Done {
			l.history = strings.TrimSpace(l.history + " intent")
		}
		l.history = strings.TrimSpace(l.history + " " + string(line.leaves))
		if line.leaves == barrier.Done {
			l.outcome = "res_" + who
		}
	}
	l.state = line.leaves
	if line.runs {
		effects := append(strings.Split(l.effects, "; "), effectOf(arrives, who, before.outcome))
		effects = slices.DeleteFunc(effects, func(e string) bool { return e == "" })
		slices.Sort(effects)
		l.effects = strings.Join(effects, "; ")
	}
	if line.answers == reserved.Reservation {
		return l.outcome
	}
	return line.answers
}

// effectOf describes the effect of a call, as its row does.
func effectOf(arrives, who, out string) string {
	if arrives == "undo" {
		return fmt.Sprintf("undo of %s by %s", out, who)
	}
	return fmt.Sprintf("%s by %s", arrives, who)
}

// explains reports whether the run that left want is as if each of its operations had
// happened at once, at some moment between its start and its end. The table knows
// only one call at a time, and promises this for concurrent ones.
func explains(start ledger, c *scene, want ledger) bool {
	used := make([]bool, len(c.ops))
	var from func(l ledger, left int) bool
	from = func(l ledger, left int) bool {
		if left == 0 {
			return l == want
		}
		for i, a := range c.actors {
			if used[i] || slices.ContainsFunc(c.actors, func(b *actor) bool {
				return !used[slices.Index(c.actors, b)] && b.to < a.from
			}) {
				continue // gone already, or another one ended before it began
			}
			next := l
			if next.take(c.ops[i], a.name) != a.answer {
				continue
			}
			used[i] = true
			if from(next, left-1) {
				return true
			}
			used[i] = false
		}
		return false
	}
	return from(start, len(c.ops))
}
