package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga"
)

func TestTheDefaultsAreValid(t *testing.T) {
	t.Parallel()

	require.NoError(t, saga.DefaultTiming().Validate())
}

func TestTimingRefusesNonsense(t *testing.T) {
	t.Parallel()

	for claim, tc := range map[string]struct {
		change func(*saga.Timing)
		want   string
	}{
		"AnAttemptThatNobodyCanMake": {func(x *saga.Timing) { x.StartToClose = time.Millisecond }, "start-to-close 1ms is below 100ms"},
		"ALocalAttemptThatNobodyCanMake": {
			func(x *saga.Timing) { x.LocalStartToClose = time.Millisecond }, "local start-to-close 1ms is not between 100ms and 4s",
		},
		"ALocalAttemptAsLongAsAWorkflowTask": {
			func(x *saga.Timing) { x.LocalStartToClose = 5 * time.Second }, "local start-to-close 5s is not between 100ms and 4s",
		},
		"ARetryWithoutAPause":           {func(x *saga.Timing) { x.RetryInitial = 0 }, "initial retry 0s is below 1ms"},
		"ALongestRetryBelowTheFirst":    {func(x *saga.Timing) { x.RetryMax = time.Millisecond }, "longest retry 1ms is below the initial 100ms"},
		"AFlagBeforeOneAttemptEnds":     {func(x *saga.Timing) { x.ParkAfter = time.Second }, "park-after 1s is below start-to-close 5s"},
		"AFlaggedStepThatIsRetriedMore": {func(x *saga.Timing) { x.ParkedRetry = time.Second }, "parked retry 1s is below the longest retry 10s"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			timing := saga.DefaultTiming()
			tc.change(&timing)
			err := timing.Validate()
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "\n", "one problem, one line")
		})
	}
}

// Options that cannot be run are the one error of a saga: nothing has started.
func TestRunListsEveryProblemOfItsOptions(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.env.ExecuteWorkflow(func(ctx workflow.Context) (saga.View, error) {
		return saga.Run(ctx, saga.Options{Timing: saga.Timing{StartToClose: time.Second}}, trip)
	})
	err := b.env.GetWorkflowError()
	for _, want := range []string{
		`saga "" cannot run`, "it has no id", "its plan is empty",
		"local start-to-close 0s", "initial retry 0s", "park-after 0s",
	} {
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, b.calls)
}

func TestAStepsOwnLimitComesFirst(t *testing.T) {
	t.Parallel()

	slow := saga.Step[int, string]{Name: "slow", Queue: "slow", Kind: saga.Compensatable, StartToClose: time.Minute}
	b := setup(t)
	s := b.watch(t)
	bind(b.world, b.env, slow, "")
	b.options.Plan = saga.NewPlan(slow, seat, ship)
	b.body = func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, slow, 1); err != nil {
			return err
		}
		_, err := saga.Do(ctx, seat, 1)
		return err
	}
	b.run(t)
	require.Equal(t, time.Minute, s.limits["slow"])
	require.Equal(t, saga.DefaultTiming().StartToClose, s.limits["seat"])
}
