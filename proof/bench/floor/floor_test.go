package floor_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/amends/amends/proof/bench/floor"
)

// TestHasAsManyStepsAsAnOrder compares with the golden history of a confirmed
// order: a floor with fewer steps would be too low, one with more unfair.
func TestHasAsManyStepsAsAnOrder(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../../workflows/testdata/histories/confirmed.json")
	require.NoError(t, err)
	defer file.Close()
	history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	require.NoError(t, err)
	var remote []string
	for _, e := range history.GetEvents() {
		if e.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			remote = append(remote, e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName())
		}
	}
	var steps []string
	for _, s := range floor.Steps {
		steps = append(steps, s.Service+"."+s.Name)
	}
	require.ElementsMatch(t, remote, steps)
}

func TestNaiveTakesEveryStepInItsService(t *testing.T) {
	t.Parallel()
	env, called := environment(t, "")
	env.ExecuteWorkflow(floor.Naive, floor.Order{ID: "1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"do quote", "do reserve", "do authorize", "do book", "do capture", "do commit"}, *called)
}

func TestNaiveTakesBackWhatItDid(t *testing.T) {
	t.Parallel()
	env, called := environment(t, "authorize")
	env.ExecuteWorkflow(floor.Naive, floor.Order{ID: "1"})
	require.Error(t, env.GetWorkflowError())
	require.Equal(t, []string{"do quote", "do reserve", "do authorize", "undo authorize", "undo reserve", "undo quote"}, *called)
}

func TestHashIsOfTheSource(t *testing.T) {
	t.Parallel()
	hash, err := floor.Hash()
	require.NoError(t, err)
	require.Len(t, hash, 64)
	require.NotEmpty(t, strings.Trim(hash, "0"))
}

// environment runs the workflow with activities that record their calls; one
// fails.
func environment(t *testing.T, fails string) (*testsuite.TestWorkflowEnvironment, *[]string) {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	called := new([]string)
	note := func(what string) func(context.Context, floor.Order, string) (floor.Receipt, error) {
		return func(_ context.Context, _ floor.Order, step string) (floor.Receipt, error) {
			*called = append(*called, what+" "+step)
			if what == "do" && step == fails {
				return floor.Receipt{}, temporal.NewNonRetryableApplicationError("no", "no", errors.New("no"))
			}
			return floor.Receipt{Step: step}, nil
		}
	}
	for _, what := range []string{"do", "undo"} {
		env.RegisterActivityWithOptions(note(what), activity.RegisterOptions{Name: what})
	}
	return env, called
}
