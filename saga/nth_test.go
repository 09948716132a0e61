package saga_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

var cabin = saga.Step[string, string]{Name: "cabin.book", Queue: "ship", Kind: saga.Compensatable, Express: time.Second}

// Cabins are booked one after the other; the third is not there.
func cabins(ctx workflow.Context, want []string) (saga.View, error) {
	var steps []saga.Declared
	for n := range want {
		steps = append(steps, cabin.Nth(n+1))
	}
	return saga.Run(ctx, saga.Options{ID: "cruise-1", Plan: saga.NewPlan(steps...)}, func(ctx workflow.Context) error {
		for n, name := range want {
			if _, err := saga.Do(ctx, cabin.Nth(n+1), name); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestAStepTakenSeveralTimes(t *testing.T) {
	t.Parallel()
	var calls []string // of the first claim
	book := func(_ context.Context, k saga.Key, name string) (string, error) {
		calls = append(calls, k.String())
		if name == "gone" {
			return "", fault.Errorf(fault.Business, "SOLD_OUT", "it is sold")
		}
		return name, nil
	}
	cancel := func(_ context.Context, k saga.Key) error {
		calls = append(calls, "undo "+k.String())
		return nil
	}

	t.Run("HasAKeyForEachTimeAndIsUndoneInReverse", func(t *testing.T) {
		t.Parallel()
		env := environment()
		saga.Bind(env, cabin, book, cancel)
		env.ExecuteWorkflow(cabins, []string{"A1", "A2", "gone"})
		require.NoError(t, env.GetWorkflowError())
		var v saga.View
		require.NoError(t, env.GetWorkflowResult(&v))
		require.Equal(t, saga.Aborted, v.Phase)
		require.Equal(t, []string{
			"cruise-1/cabin.book", "cruise-1/cabin.book:2", "cruise-1/cabin.book:3",
			"undo cruise-1/cabin.book:2", "undo cruise-1/cabin.book",
		}, calls)
		second, ok := v.Step("cabin.book:2")
		require.True(t, ok)
		require.Equal(t, saga.Undone, second.State)
	})

	t.Run("IsFoundByItsNameAmongStepsCalledByName", func(t *testing.T) {
		t.Parallel()
		steps := saga.NewSteps()
		saga.Bind(steps, cabin, func(_ context.Context, k saga.Key, _ string) (string, error) { return k.Step, nil }, func(context.Context, saga.Key) error { return nil })
		out, err := steps.Do(t.Context(), saga.Key{Saga: "c", Step: "cabin.book:2"}, []byte(`"A1"`))
		require.NoError(t, err)
		require.JSONEq(t, `"cabin.book:2"`, string(out))
		require.NoError(t, steps.Undo(t.Context(), saga.Key{Saga: "c", Step: "cabin.book:2"}))
	})

	t.Run("IsNamedOnceAmongTheExpressSteps", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []string{"cabin.book"}, saga.NewPlan(cabin, cabin.Nth(2), cabin.Nth(3)).Express())
	})

	t.Run("IsCountedFromOne", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "cabin.book", cabin.Nth(1).Name)
		require.Panics(t, func() { cabin.Nth(0) })
		require.Panics(t, func() { cabin.Nth(2).Nth(2) })
		require.PanicsWithValue(t, `saga: bad plan: step "a:b" has a colon in its name, which belongs to Nth`, func() {
			saga.NewPlan(saga.Step[string, string]{Name: "a:b", Kind: saga.Closing})
		})
	})
}
