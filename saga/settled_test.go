package saga_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/key"
)

// besideARefusal has the body begin the pivot beside a step that is refused.
func besideARefusal(b *testBundle) {
	b.script["seat"] = []error{errRefused}
	b.body = func(ctx workflow.Context) error {
		s, p := saga.Go(ctx, seat, 1), saga.Go(ctx, pay, 1)
		if _, err := s.Get(ctx); err != nil {
			return err
		}
		_, err := p.Get(ctx)
		return err
	}
}

// A pivot that waited for a step beside it was never scheduled when that step
// was refused, so it owes nothing.
func TestAPivotThatIsSettledAsNotHappenedOwesNothing(t *testing.T) {
	t.Parallel()

	b := setup(t)
	besideARefusal(b)
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	for _, s := range v.Steps {
		require.Empty(t, s.Exposure, "%s is %s", s.Name, s.State)
	}
}

// A service may trust its records only if they cannot lack a try.
func TestASettleIsToldWhetherThePivotMayHaveBeenTried(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(b *testBundle)
		want   key.Tried
	}{
		"NeverStarted": {func(b *testBundle) { b.script["seat"] = []error{errRefused} }, key.Never},
		"Begun":        {besideARefusal, key.Maybe},
		"Resumed":      {func(b *testBundle) { b.options.Against = saga.Deadline }, key.Maybe},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			tc.change(b)
			require.Equal(t, saga.Aborted, b.run(t).Phase)
			require.Equal(t, tc.want, b.tried)
		})
	}
}
