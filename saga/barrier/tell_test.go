package barrier_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

// tell writes t as a line of the effects table, so that it commits or rolls back with
// its transaction.
func (b testBundle) tell(tx *gorm.DB, t barrier.Told) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO effect (saga, name) VALUES (?, ?)", "told:"+b.key.Saga, string(text)).Error
}

// told returns what was told of the step and committed.
func (b testBundle) told(t *testing.T) (all []barrier.Told) {
	t.Helper()
	var texts []string
	require.NoError(t, b.db.Table("effect").Where("saga = ?", "told:"+b.key.Saga).Pluck("name", &texts).Error)
	for _, text := range texts {
		var told barrier.Told
		require.NoError(t, json.Unmarshal([]byte(text), &told))
		all = append(all, told)
	}
	return all
}

// tells returns what the call of a line of the table must tell: the state that it
// leaves, unless it fails or leaves none or an intent. The refusal of a do is an answer.
func (l tableLine) tells(b testBundle) []barrier.Told {
	switch l.answers {
	case "business OUT_OF_STOCK", "res_1", "ok", "call", "ask first", "not happened", string(l.leaves):
	default:
		return nil // a fault
	}
	if l.arrives == "recall" || l.leaves == barrier.Intent || l.leaves == nothing {
		return nil
	}
	t := barrier.Told{Key: b.key, State: l.leaves, Repeat: l.finds == l.leaves}
	switch {
	case l.leaves == barrier.Refused:
		t.Code, t.Message = outOfStock, refusal().Message
	case l.leaves == barrier.Done, l.leaves == barrier.Undone && l.finds != barrier.Intent:
		t.Outcome = `{"reservation":"res_1"}`
	}
	return []barrier.Told{t}
}

// tellTable is the table, with the refusals that only these tests look at.
var tellTable = append([]tableLine{
	{"do that refuses", barrier.Refused, "business OUT_OF_STOCK", barrier.Refused, false},
	{"intend that refuses", barrier.Done, "res_1", barrier.Done, false},
}, table...)

func TestTell(t *testing.T) {
	t.Parallel()

	t.Run("EveryCallTellsOnceOfTheStateThatItLeaves", func(t *testing.T) {
		t.Parallel()
		eachLine(t, func(t *testing.T, b testBundle, l tableLine) {
			t.Helper()
			answer, err := b.arrive(t.Context(), l.arrives, b.tell)
			if err != nil {
				answer = fmt.Sprintf("%s %s", fault.KindOf(err), fault.CodeOf(err))
			}
			require.Equal(t, l.answers, answer, "a call that tells answers as one that does not: %v", err)
			require.Equal(t, l.leaves, b.state(t))
			require.Equal(t, l.tells(b), b.told(t))
		})
	})

	t.Run("AFailureLeavesNothing", func(t *testing.T) {
		t.Parallel()
		noLuck := errors.New("no luck")
		eachLine(t, func(t *testing.T, b testBundle, l tableLine) {
			t.Helper()
			if l.tells(b) == nil {
				return
			}
			_, err := b.arrive(t.Context(), l.arrives, b.tell, func(*gorm.DB, barrier.Told) error { return noLuck })
			require.ErrorIs(t, err, noLuck)
			require.Equal(t, l.finds, b.state(t))
			require.Zero(t, b.ran(t, "effect"))
			require.Empty(t, b.told(t))
		})
	})

	t.Run("ItCannotRefuse", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			_, err := barrier.Do(t.Context(), b.db, b.call(), b.reserve, func(*gorm.DB, barrier.Told) error { return refusal() })
			requireFault(t, fault.Bug, outOfStock, err)
			require.Equal(t, nothing, b.state(t))
		})
	})
}

// eachLine runs body for every line of the table, on every database, with a step in the
// state that the line finds.
func eachLine(t *testing.T, body func(t *testing.T, b testBundle, l tableLine)) {
	t.Helper()
	dbtest.Each(t, migrate, func(t *testing.T, db *gorm.DB) {
		for i, l := range tellTable {
			t.Run(fmt.Sprintf("%s finds %s", l.arrives, or(l.finds, "nothing")), func(t *testing.T) {
				t.Parallel()
				b := testBundle{db, barrier.Key{Saga: fmt.Sprintf("ord_%d", i), Step: "inventory.reserve"}}
				b.arrange(t, l.finds)
				body(t, b, l)
			})
		}
	})
}

// TestOneOfACrowdTellsFirst: of many equal calls at once, each tells, and one of them
// as the call that made the record.
func TestOneOfACrowdTellsFirst(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		arrives string
		finds   barrier.State
	}{
		{"do", nothing},
		{"do that refuses", nothing},
		{"undo", barrier.Done},
		{"undo", nothing},
		{"settle", nothing},
		{"intend that refuses", nothing},
		{"conclude", barrier.Intent},
		{"refuse", barrier.Intent},
		{"begin undo", nothing},
		{"end undo as undone", barrier.Done},
		{"end undo as blocked", barrier.Intent},
	} {
		t.Run(fmt.Sprintf("%s finds %s", tt.arrives, or(tt.finds, "nothing")), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b testBundle) {
				b.arrange(t, tt.finds)
				meet(t.Context(), func(ctx context.Context) { _, _ = b.arrive(ctx, tt.arrives, b.tell) })
				told, first := b.told(t), 0
				for _, one := range told {
					if !one.Repeat {
						first++
					}
					require.Equal(t, b.state(t), one.State)
				}
				require.Len(t, told, crowd)
				require.Equal(t, 1, first)
			})
		})
	}
}

// meet runs f in a crowd at once.
func meet(ctx context.Context, f func(context.Context)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() { <-start; f(ctx) })
	}
	close(start)
	wg.Wait()
}
