package barrier_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

func intending(arrives string, effect func(k barrier.Key, who string) func(tx *gorm.DB) error) op {
	return op{arrives: arrives, run: func(ctx context.Context, db *gorm.DB, k barrier.Key, who string) string {
		ticket, err := barrier.Intend[outcome](ctx, db, callOf(k), effect(k, who))
		switch {
		case ticket.Done:
			return inWords(ticket.Outcome.Reservation, err)
		case ticket.Repeat:
			return inWords("ask first", err)
		}
		return inWords("call", err)
	}}
}

func endingUndo(arrives string, to barrier.State) op {
	return op{arrives: arrives, run: func(ctx context.Context, db *gorm.DB, k barrier.Key, who string) string {
		return inWords("ok", barrier.EndUndo(ctx, db, k, to, write(k, "%s by %s", arrives, who)))
	}}
}

var (
	intend = intending("intend", func(k barrier.Key, who string) func(tx *gorm.DB) error {
		return write(k, "intend by %s", who)
	})
	intendRefuse = intending("intend that refuses", func(k barrier.Key, who string) func(tx *gorm.DB) error {
		return func(tx *gorm.DB) error {
			if err := write(k, "intend by %s", who)(tx); err != nil {
				return err
			}
			return refusal()
		}
	})
	conclude = op{arrives: "conclude", run: func(ctx context.Context, db *gorm.DB, k barrier.Key, who string) string {
		return inWords("ok", barrier.Conclude(ctx, db, k, outcomeOf(who), write(k, "conclude by %s", who)))
	}}
	refuse = op{arrives: "refuse", run: func(ctx context.Context, db *gorm.DB, k barrier.Key, who string) string {
		return inWords("ok", barrier.Refuse(ctx, db, k, refusal(), write(k, "refuse by %s", who)))
	}}
	beginUndo = op{arrives: "begin undo", run: func(ctx context.Context, db *gorm.DB, k barrier.Key, _ string) string {
		entry, err := barrier.BeginUndo[request, outcome](ctx, db, k)
		return inWords(string(entry.State), err)
	}}
	endUndone  = endingUndo("end undo as undone", barrier.Undone)
	endBlocked = endingUndo("end undo as blocked", barrier.Blocked)
)

// outsideMeetings are the calls of an external effect that meet, by the state that
// they find. The final states are left to the table: nothing moves them. No undo ends
// that has not begun, and one that began has left a row.
var outsideMeetings = []struct {
	finds  string
	before start
	calls  []op
}{
	{"nothing", nil, []op{intend, intendRefuse, conclude, refuse, beginUndo}},
	{"intent", start{intend}, []op{intend, conclude, refuse, beginUndo, endUndone, endBlocked}},
	{"done", start{intend, conclude}, []op{intend, conclude, beginUndo, endUndone, endBlocked}},
}

// TestEveryInterleavingOfTwoOutsideCalls does the same for the halves of an
// outside effect.
func TestEveryInterleavingOfTwoOutsideCalls(t *testing.T) {
	t.Parallel()
	for engine, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for _, m := range outsideMeetings {
			t.Run(engine+"/"+m.finds, func(t *testing.T) {
				t.Parallel()
				s, began := newStage(t, dsn(t)), time.Now()
				for i, first := range m.calls {
					for _, second := range m.calls[i:] {
						before := s.runs
						require.NoError(t, s.every(t.Context(), m.before, []op{first, second}, outsideViolated))
						t.Logf("%4d interleavings of %s and %s", s.runs-before, first, second)
					}
				}
				s.report(t, began)
			})
		}
	}
}

// outsideViolated returns the promise to an outside effect that a run has broken,
// or "".
func outsideViolated(c *scene, _, end ledger) string {
	for _, once := range []string{"intend by", "conclude by", "refuse by", "end undo as"} {
		if n := strings.Count(end.effects, once); n > 1 {
			return fmt.Sprintf("%d times %s", n, once)
		}
	}
	went := strings.Fields(end.history)
	for state, effect := range map[barrier.State]string{
		barrier.Done: "conclude by", barrier.Undone: "end undo as undone by",
	} {
		if slices.Contains(went, string(state)) != strings.Contains(end.effects, effect) {
			return fmt.Sprintf("it went %s with effects %s", end.history, end.effects)
		}
	}
	for _, a := range c.actors {
		if strings.HasPrefix(a.answer, "res_") && a.answer != end.outcome {
			return "one key has two answers"
		}
	}
	return illegal(end)
}
