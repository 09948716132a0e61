package saga_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga"
)

// A pivot that waited for a step beside it was never scheduled when that step
// was refused, so it owes nothing.
func TestAPivotThatIsSettledAsNotHappenedOwesNothing(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["seat"] = []error{errRefused}
	b.body = func(ctx workflow.Context) error {
		s, p := saga.Go(ctx, seat, 1), saga.Go(ctx, pay, 1)
		if _, err := s.Get(ctx); err != nil {
			return err
		}
		_, err := p.Get(ctx)
		return err
	}
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	for _, s := range v.Steps {
		require.Empty(t, s.Exposure, "%s is %s", s.Name, s.State)
	}
}
