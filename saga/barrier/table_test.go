package barrier_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

const nothing barrier.State = ""

type tableLine struct {
	arrives string
	finds   barrier.State
	answers string
	leaves  barrier.State
	runs    bool
}

// table is the whole behaviour of the barrier, call by call: the call, the state that
// it finds, its answer ("ok", an outcome, or a fault), the state that it leaves, and
// whether its effect ran.
var table = []tableLine{
	{"do", nothing, "res_1", barrier.Done, true},
	{"do", barrier.Done, "res_1", barrier.Done, false},
	{"do", barrier.Refused, "business OUT_OF_STOCK", barrier.Refused, false},
	{"do", barrier.Intent, "bug CONFLICT", barrier.Intent, false},
	{"do", barrier.Undone, "suspended SUSPENDED", barrier.Undone, false},
	{"do", barrier.Blocked, "suspended SUSPENDED", barrier.Blocked, false},

	{"do that refuses", nothing, "business OUT_OF_STOCK", barrier.Refused, false},
	{"do that refuses", barrier.Done, "res_1", barrier.Done, false},
	{"do that fails", nothing, "transient INTERNAL", nothing, false},
	{"do that fails", barrier.Done, "res_1", barrier.Done, false},

	{"do of another request", barrier.Done, "bug REQUEST_MISMATCH", barrier.Done, false},
	{"do of another request", barrier.Refused, "bug REQUEST_MISMATCH", barrier.Refused, false},
	{"do of another request", barrier.Intent, "bug REQUEST_MISMATCH", barrier.Intent, false},
	{"do of another request", barrier.Undone, "suspended SUSPENDED", barrier.Undone, false},
	{"do of another request", barrier.Blocked, "suspended SUSPENDED", barrier.Blocked, false},

	{"undo", nothing, "ok", barrier.Blocked, false},
	{"undo", barrier.Done, "ok", barrier.Undone, true},
	{"undo", barrier.Refused, "ok", barrier.Refused, false},
	{"undo", barrier.Intent, "bug CONFLICT", barrier.Intent, false},
	{"undo", barrier.Undone, "ok", barrier.Undone, false},
	{"undo", barrier.Blocked, "ok", barrier.Blocked, false},

	{"undo that fails", barrier.Done, "transient INTERNAL", barrier.Done, false},
	{"undo that refuses", barrier.Done, "bug OUT_OF_STOCK", barrier.Done, false},

	{"settle", nothing, "not happened", barrier.Blocked, false},
	{"settle", barrier.Done, "res_1", barrier.Done, false},
	{"settle", barrier.Refused, "not happened", barrier.Refused, false},
	{"settle", barrier.Intent, "bug CONFLICT", barrier.Intent, false},
	{"settle", barrier.Undone, "not happened", barrier.Undone, false},
	{"settle", barrier.Blocked, "not happened", barrier.Blocked, false},

	{"intend", nothing, "call", barrier.Intent, true},
	{"intend", barrier.Intent, "ask first", barrier.Intent, false},
	{"intend", barrier.Done, "res_1", barrier.Done, false},
	{"intend", barrier.Refused, "business OUT_OF_STOCK", barrier.Refused, false},
	{"intend", barrier.Undone, "suspended SUSPENDED", barrier.Undone, false},
	{"intend", barrier.Blocked, "suspended SUSPENDED", barrier.Blocked, false},

	{"intend that refuses", nothing, "business OUT_OF_STOCK", barrier.Refused, false},
	{"intend that fails", nothing, "transient INTERNAL", nothing, false},
	{"intend another request", barrier.Intent, "bug REQUEST_MISMATCH", barrier.Intent, false},
	{"intend another request", barrier.Done, "bug REQUEST_MISMATCH", barrier.Done, false},
	{"intend another request", barrier.Refused, "bug REQUEST_MISMATCH", barrier.Refused, false},
	{"intend another request", barrier.Undone, "suspended SUSPENDED", barrier.Undone, false},
	{"intend another request", barrier.Blocked, "suspended SUSPENDED", barrier.Blocked, false},

	{"recall", nothing, "bug CONFLICT", nothing, false},
	{"recall", barrier.Intent, "ask first", barrier.Intent, false},
	{"recall", barrier.Done, "res_1", barrier.Done, false},
	{"recall", barrier.Refused, "business OUT_OF_STOCK", barrier.Refused, false},
	{"recall", barrier.Undone, "suspended SUSPENDED", barrier.Undone, false},
	{"recall", barrier.Blocked, "suspended SUSPENDED", barrier.Blocked, false},

	{"conclude", nothing, "bug CONFLICT", nothing, false},
	{"conclude", barrier.Intent, "ok", barrier.Done, true},
	{"conclude", barrier.Done, "ok", barrier.Done, false},
	{"conclude", barrier.Refused, "bug CONFLICT", barrier.Refused, false},
	{"conclude", barrier.Undone, "suspended SUSPENDED", barrier.Undone, false},
	{"conclude", barrier.Blocked, "suspended SUSPENDED", barrier.Blocked, false},
	{"conclude that fails", barrier.Intent, "transient INTERNAL", barrier.Intent, false},

	{"refuse", nothing, "bug CONFLICT", nothing, false},
	{"refuse", barrier.Intent, "ok", barrier.Refused, true},
	{"refuse", barrier.Refused, "ok", barrier.Refused, false},
	{"refuse", barrier.Done, "bug CONFLICT", barrier.Done, false},
	{"refuse", barrier.Undone, "suspended SUSPENDED", barrier.Undone, false},
	{"refuse", barrier.Blocked, "suspended SUSPENDED", barrier.Blocked, false},

	{"begin undo", nothing, "blocked", barrier.Blocked, false},
	{"begin undo", barrier.Intent, "intent", barrier.Intent, false},
	{"begin undo", barrier.Done, "done", barrier.Done, false},
	{"begin undo", barrier.Refused, "refused", barrier.Refused, false},
	{"begin undo", barrier.Undone, "undone", barrier.Undone, false},
	{"begin undo", barrier.Blocked, "blocked", barrier.Blocked, false},

	{"end undo as undone", nothing, "bug CONFLICT", nothing, false},
	{"end undo as undone", barrier.Intent, "ok", barrier.Undone, true},
	{"end undo as undone", barrier.Done, "ok", barrier.Undone, true},
	{"end undo as undone", barrier.Refused, "ok", barrier.Refused, false},
	{"end undo as undone", barrier.Undone, "ok", barrier.Undone, false},
	{"end undo as undone", barrier.Blocked, "ok", barrier.Blocked, false},

	{"end undo as blocked", nothing, "bug CONFLICT", nothing, false},
	{"end undo as blocked", barrier.Intent, "ok", barrier.Blocked, true},
	{"end undo as blocked", barrier.Done, "transient UNAVAILABLE", barrier.Done, false},
	{"end undo as blocked", barrier.Refused, "ok", barrier.Refused, false},
	{"end undo as blocked", barrier.Undone, "ok", barrier.Undone, false},
	{"end undo as blocked", barrier.Blocked, "ok", barrier.Blocked, false},
}

// TestTable checks every line of the table, each with a key of its own.
func TestTable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migrate, testTable)
}

func testTable(t *testing.T, db *gorm.DB) {
	t.Helper()
	for i, line := range table {
		t.Run(fmt.Sprintf("%s finds %s", line.arrives, or(line.finds, "nothing")), func(t *testing.T) {
			t.Parallel()
			b := testBundle{db, barrier.Key{Saga: fmt.Sprintf("ord_%d", i), Step: "inventory.reserve"}}
			b.arrange(t, line.finds)
			require.Equal(t, line.finds, b.state(t))

			answer, err := b.arrive(t.Context(), line.arrives)
			if err != nil {
				answer = fmt.Sprintf("%s %s", fault.KindOf(err), fault.CodeOf(err))
			}
			require.Equal(t, line.answers, answer, "%v", err)
			require.Equal(t, line.leaves, b.state(t))
			ran := 0
			if line.runs {
				ran = 1
			}
			require.Equal(t, ran, b.ran(t, "effect"))
		})
	}
}

func or(s barrier.State, other string) string {
	if s == "" {
		return other
	}
	return string(s)
}

// arrange brings the step to a state, by the calls that lead there.
func (b testBundle) arrange(t *testing.T, s barrier.State) {
	t.Helper()
	ctx := t.Context()
	switch s {
	case nothing:
	case barrier.Intent:
		_, err := barrier.Intend[outcome](ctx, b.db, b.call(), nil)
		require.NoError(t, err)
	case barrier.Done:
		_, err := barrier.Do(ctx, b.db, b.call(), b.reserve)
		require.NoError(t, err)
	case barrier.Refused:
		_, err := barrier.Do(ctx, b.db, b.call(), b.refuse)
		requireFault(t, fault.Business, outOfStock, err)
	case barrier.Undone:
		b.arrange(t, barrier.Done)
		require.NoError(t, barrier.Undo(ctx, b.db, b.key, b.release))
	case barrier.Blocked:
		require.NoError(t, barrier.Undo(ctx, b.db, b.key, b.release))
	}
}

// arrive makes the call that the table names and returns its answer in words.
func (b testBundle) arrive(ctx context.Context, what string, tell ...barrier.Tell) (string, error) {
	effect := b.effect("effect")
	refuses := func(tx *gorm.DB) error { return errors.Join(effect(tx), refusal()) }
	fails := func(tx *gorm.DB) error { return errors.Join(effect(tx), errors.New("no luck")) }
	do := func(c barrier.Call, f func(*gorm.DB) error) (string, error) {
		out, err := barrier.Do(ctx, b.db, c, func(tx *gorm.DB) (outcome, error) { return reserved, f(tx) }, tell...)
		return out.Reservation, err
	}
	undo := func(f func(*gorm.DB) error) (string, error) {
		return "ok", barrier.Undo(ctx, b.db, b.key, func(tx *gorm.DB, out outcome) error {
			if out != reserved {
				return errors.New("the undo must get the outcome of the do")
			}
			return f(tx)
		}, tell...)
	}
	intend := func(c barrier.Call, f func(*gorm.DB) error) (string, error) {
		ticket, err := barrier.Intend[outcome](ctx, b.db, c, f, tell...)
		switch {
		case ticket.Done:
			return ticket.Outcome.Reservation, err
		case ticket.Repeat:
			return "ask first", err
		}
		return "call", err
	}
	switch what {
	case "do":
		return do(b.call(), effect)
	case "do that refuses":
		return do(b.call(), refuses)
	case "do that fails":
		return do(b.call(), fails)
	case "do of another request":
		return do(b.other(), effect)
	case "undo":
		return undo(effect)
	case "undo that refuses":
		return undo(refuses)
	case "undo that fails":
		return undo(fails)
	case "settle":
		out, happened, err := barrier.Settle[outcome](ctx, b.db, b.key, tell...)
		if !happened {
			return "not happened", err
		}
		return out.Reservation, err
	case "intend":
		return intend(b.call(), effect)
	case "recall":
		ticket, err := barrier.Recall[outcome](ctx, b.db, b.key)
		switch {
		case ticket.Done:
			return ticket.Outcome.Reservation, err
		case ticket.Repeat:
			return "ask first", err
		}
		return "", err
	case "intend that refuses":
		return intend(b.call(), refuses)
	case "intend that fails":
		return intend(b.call(), fails)
	case "intend another request":
		return intend(b.other(), effect)
	case "conclude":
		return "ok", barrier.Conclude(ctx, b.db, b.key, reserved, effect, tell...)
	case "conclude that fails":
		return "ok", barrier.Conclude(ctx, b.db, b.key, reserved, fails, tell...)
	case "refuse":
		return "ok", barrier.Refuse(ctx, b.db, b.key, refusal(), effect, tell...)
	case "begin undo":
		entry, err := barrier.BeginUndo[request, outcome](ctx, b.db, b.key, tell...)
		return string(entry.State), err
	case "end undo as undone":
		return "ok", barrier.EndUndo(ctx, b.db, b.key, barrier.Undone, effect, tell...)
	case "end undo as blocked":
		return "ok", barrier.EndUndo(ctx, b.db, b.key, barrier.Blocked, effect, tell...)
	}
	return "", fmt.Errorf("the table names an unknown call %q", what)
}
