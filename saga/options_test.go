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
	b.execute(func(ctx workflow.Context) (saga.View, error) {
		return saga.Run(ctx, saga.Options{Generation: -1, Timing: saga.Timing{StartToClose: time.Second}}, trip)
	})
	err := b.env.GetWorkflowError()
	for _, want := range []string{
		`saga "" cannot run`, "it has no id", "its generation -1 is negative", "its plan is empty",
		"local start-to-close 0s", "initial retry 0s", "park-after 0s",
	} {
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, b.calls)
}

func TestLimitsOfAStep(t *testing.T) {
	t.Parallel()

	slow := saga.Step[int, string]{Name: "slow", Queue: "slow", Kind: saga.Closing, StartToClose: time.Hour}
	local := saga.Step[int, string]{Name: "local", Kind: saga.Closing, StartToClose: 3 * time.Second}
	b := setup(t)
	s := b.watch(t)
	bind(b.world, b.env, slow, "")
	bind(b.world, b.env, local, "")
	b.options.Plan = saga.NewPlan(seat, ship, note, slow, local)
	b.body = func(ctx workflow.Context) error {
		for _, err := range []error{
			do(ctx, seat, 1), do(ctx, ship, saga.None{}), do(ctx, note, ""), do(ctx, slow, 1), do(ctx, local, 1),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	}
	b.run(t)

	defaults := saga.DefaultTiming()
	require.Equal(t, map[string]time.Duration{
		"seat": defaults.StartToClose, "ship": defaults.StartToClose, "note": defaults.LocalStartToClose,
		"slow": time.Hour, "local": 3 * time.Second,
	}, s.limits, "its own comes first")
	require.Equal(t, map[string]time.Duration{
		"seat": defaults.ParkAfter, // then it is flagged, and has no limit but decide-by
		"ship": defaults.ParkAfter, // then it is flagged, and has no limit
		"slow": time.Hour,          // no attempt is cut off by the flag
	}, s.calls)
}
