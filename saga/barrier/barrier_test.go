package barrier_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier"
)

func TestDo(t *testing.T) {
	t.Parallel()

	t.Run("KeepsARefusalWordForWordAndNothingElse", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			_, first := barrier.Do(t.Context(), b.db, b.call(), b.refuse)
			_, second := barrier.Do(t.Context(), b.db, b.call(), b.reserve)
			requireFault(t, fault.Business, outOfStock, first)
			require.Equal(t, fault.Of(first).Message, fault.Of(second).Message)
			require.Equal(t, first, second)
			require.Zero(t, b.ran(t, "do"))
		})
	})

	t.Run("RefusesAfterAStatementThatFailed", func(t *testing.T) { // PostgreSQL takes no other in that transaction
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			_, err := barrier.Do(t.Context(), b.db, b.call(), func(tx *gorm.DB) (outcome, error) {
				err := tx.Exec("INSERT INTO effect (saga, name) VALUES ('x', NULL)").Error
				return outcome{}, fault.Errorf(fault.Business, outOfStock, "not there: %w", err)
			})
			requireFault(t, fault.Business, outOfStock, err)
			require.Equal(t, barrier.Refused, b.state(t))
		})
	})

	t.Run("RunsAgainAfterAFailureThatLeftNothing", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			_, err := b.arrive(t.Context(), "do that fails")
			require.Error(t, err)
			out, err := barrier.Do(t.Context(), b.db, b.call(), b.reserve)
			require.NoError(t, err)
			require.Equal(t, reserved, out)
			require.Equal(t, 1, b.ran(t, "do"))
		})
	})

	t.Run("AnswersARepeatWhoseEffectFailsBeforeItsFirstQuery", func(t *testing.T) { // the claim was not answered yet
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			fails := func(*gorm.DB) (outcome, error) {
				return outcome{}, fault.Errorf(fault.Bug, fault.Conflict, "the effect was asked")
			}
			_, err := barrier.Do(t.Context(), b.db, b.call(), fails)
			requireFault(t, fault.Bug, fault.Conflict, err)
			require.Equal(t, nothing, b.state(t))
			_, err = barrier.Do(t.Context(), b.db, b.call(), b.reserve)
			require.NoError(t, err)

			out, err := barrier.Do(t.Context(), b.db, b.call(), fails)
			require.NoError(t, err)
			require.Equal(t, reserved, out)
			_, err = barrier.Do(t.Context(), b.db, b.other(), fails)
			requireFault(t, fault.Bug, fault.Mismatch, err)
			require.NoError(t, barrier.Undo(t.Context(), b.db, b.key, b.release))
			_, err = barrier.Do(t.Context(), b.db, b.call(), fails)
			requireFault(t, fault.Suspension, fault.Suspended, err)
		})
	})

	t.Run("IsUnknownToACallerThatStoppedWaiting", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := barrier.Do(ctx, b.db, b.call(), func(tx *gorm.DB) (outcome, error) {
				cancel()
				return b.reserve(tx)
			})
			requireFault(t, fault.Unknown, fault.Timeout, err)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, nothing, b.state(t))
		})
	})

	t.Run("RecordsNoRefusalOfALostRace", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			attempts := 0
			out, err := barrier.Do(t.Context(), b.db, b.call(), func(tx *gorm.DB) (outcome, error) {
				if attempts++; attempts == 1 {
					return outcome{}, fault.Errorf(fault.Business, outOfStock, "lost: %w", deadlock{})
				}
				return b.reserve(tx)
			})
			require.NoError(t, err)
			require.Equal(t, reserved, out)
			require.Equal(t, 2, attempts)
		})
	})

	t.Run("KeepsGenerationsAndStepsApart", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			others := []barrier.Key{
				{Saga: b.key.Saga, Step: b.key.Step, Generation: 1},
				{Saga: b.key.Saga, Step: "payment.authorize"},
				{Saga: "ord_2", Step: b.key.Step},
			}
			for _, k := range append(others, b.key) {
				_, err := barrier.Do(t.Context(), b.db, barrier.Call{Key: k}, b.reserve)
				require.NoError(t, err)
			}
			require.Equal(t, 4, b.ran(t, "do"))

			require.NoError(t, barrier.Undo(t.Context(), b.db, b.key, b.release))
			require.Equal(t, barrier.Undone, b.state(t))
			for _, k := range others {
				require.Equal(t, barrier.Done, testBundle{b.db, k}.state(t), k)
			}
		})
	})

	t.Run("TakesAnOutcomeOfNoFields", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, b testBundle) {
			for range 2 {
				_, err := barrier.Do(t.Context(), b.db, b.call(), func(tx *gorm.DB) (struct{}, error) {
					return struct{}{}, b.effect("do")(tx)
				})
				require.NoError(t, err)
			}
			require.Equal(t, 1, b.ran(t, "do"))
		})
	})
}

// deadlock stands for a driver's error.
type deadlock struct{}

func (deadlock) Error() string    { return "deadlock detected" }
func (deadlock) SQLState() string { return "40P01" }

func TestMisuseIsABugAndLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		for name, misuse := range map[string]func() error{
			"a key without a saga": func() error {
				return barrier.Undo(ctx, b.db, barrier.Key{Step: "inventory.reserve"}, b.release)
			},
			"a key without a step": func() error {
				_, err := barrier.Do(ctx, b.db, barrier.Call{Key: barrier.Key{Saga: "ord_1"}}, b.reserve)
				return err
			},
			"a generation below zero": func() error { // it would be the key of generation 0 outside
				_, err := barrier.Do(ctx, b.db, barrier.Call{Key: barrier.Key{Saga: b.key.Saga, Step: b.key.Step, Generation: -1}}, b.reserve)
				return err
			},
			"an undo of a generation below zero": func() error {
				return barrier.Undo(ctx, b.db, barrier.Key{Saga: b.key.Saga, Step: b.key.Step, Generation: -1}, b.release)
			},
			"an outcome that JSON cannot hold": func() error {
				_, err := barrier.Do(ctx, b.db, b.call(), func(*gorm.DB) (chan int, error) { return nil, nil })
				return err
			},
			"a request that JSON cannot hold": func() error {
				_, err := barrier.Do(ctx, b.db, barrier.Call{Key: b.key, Request: make(chan int)}, b.reserve)
				return err
			},
			"a refusal without a code": func() error {
				_, err := barrier.Do(ctx, b.db, b.call(), func(*gorm.DB) (outcome, error) {
					return outcome{}, fault.Errorf(fault.Business, "", "no")
				})
				return err
			},
			"a refusal from outside without a code": func() error {
				return barrier.Refuse(ctx, b.db, b.key, fault.Errorf(fault.Business, "", "no"), nil)
			},
			"an undo that ends as done": func() error {
				return barrier.EndUndo(ctx, b.db, b.key, barrier.Done, nil)
			},
		} {
			err := misuse()
			require.Equal(t, fault.Bug, fault.KindOf(err), "%s: %v", name, err)
			require.Equal(t, nothing, b.state(t), name)
			require.Zero(t, b.rows(t), name)
		}
	})
}

func TestUnreadableRecordIsABug(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.arrange(t, barrier.Done)
		_, err := barrier.Do(t.Context(), b.db, b.call(), func(*gorm.DB) (int, error) { return 0, nil })
		requireFault(t, fault.Bug, fault.Internal, err)
	})
}

func TestBeginUndoReturnsRequestAndOutcome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.arrange(t, barrier.Intent)
		entry, err := barrier.BeginUndo[request, outcome](t.Context(), b.db, b.key)
		require.NoError(t, err)
		require.Equal(t, barrier.Undoing[request, outcome]{State: barrier.Intent, Request: mugs}, entry)

		require.NoError(t, barrier.Conclude(t.Context(), b.db, b.key, reserved, nil))
		entry, err = barrier.BeginUndo[request, outcome](t.Context(), b.db, b.key)
		require.NoError(t, err)
		require.Equal(t, barrier.Undoing[request, outcome]{State: barrier.Done, Request: mugs, Outcome: reserved}, entry)
	})
}

// TestUnknownExtraFieldReplays is a deploy in mid-saga: the old program recorded
// the step, the new one, whose request has one more field, repeats it.
func TestUnknownExtraFieldReplays(t *testing.T) {
	t.Parallel()
	type newRequest struct {
		request
		GiftWrap bool `json:"gift_wrap"`
	}
	fingerprint := func(r request) string { return barrier.Fingerprint(1, r.SKU, fmt.Sprint(r.Quantity)) }
	each(t, func(t *testing.T, b testBundle) {
		old := barrier.Call{Key: b.key, Fingerprint: fingerprint(mugs), Request: mugs}
		extended := newRequest{request: mugs, GiftWrap: true}
		upgraded := barrier.Call{Key: b.key, Fingerprint: fingerprint(extended.request), Request: extended}

		first, err := barrier.Do(t.Context(), b.db, upgraded, b.reserve)
		require.NoError(t, err)
		second, err := barrier.Do(t.Context(), b.db, old, b.reserve)
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, 1, b.ran(t, "do"))

		// Rolled back to the old program, the undo reads a field that it does not know.
		entry, err := barrier.BeginUndo[request, outcome](t.Context(), b.db, b.key)
		require.NoError(t, err)
		require.Equal(t, mugs, entry.Request)
	})
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	same := barrier.Fingerprint(1, "MUG", "2")
	require.Len(t, same, 64)
	require.Equal(t, same, barrier.Fingerprint(1, "MUG", "2"))
	// Rows keep it: this one must come out for ever.
	require.Equal(t, "2b828aa7559f2f58fb86a01bedc4696629fe79447c8eb032b34f43de227de50f", same)
	seen := map[string][]string{same: {"1", "MUG", "2"}}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"MUG2"}, {"MUG", "2", ""}, {"MU", "G2"}, {"2", "MUG"}, {"MUG\x002"}} {
		f := barrier.Fingerprint(1, parts...)
		require.NotContains(t, seen, f)
		seen[f] = parts
	}
	require.NotContains(t, seen, barrier.Fingerprint(2, "MUG", "2"))
}
