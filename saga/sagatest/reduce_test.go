package sagatest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest"
)

// noted is a ticket that notes every run, and lets none of them fail the
// exploration, so that it goes on to the end.
type noted struct {
	*ticket
	runs *runs
}

type runs struct {
	mu  sync.Mutex
	all map[string]bool
}

func (n *noted) Check(ctx context.Context, end sagatest.End) error {
	var v saga.View
	if err := end.Result(&v); err != nil {
		return err
	}
	result, err := json.Marshal(v)
	if err != nil {
		return err
	}
	n.runs.mu.Lock()
	defer n.runs.mu.Unlock()
	n.runs.all[fmt.Sprint(end.Calls, end.Runs, string(result), n.ticket.Check(ctx, end))] = true
	return nil
}

// TestTheReductionLosesNoRun compares runs, down to the times in the result: each
// one without the reduction is one with it.
func TestTheReductionLosesNoRun(t *testing.T) {
	t.Parallel()

	for _, broken := range []string{"", "no undo", "no barrier", "no fence"} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			explore := func(unreduced bool) (map[string]bool, sagatest.Report) {
				seen := &runs{all: map[string]bool{}}
				e := explorer(broken, 2)
				e.New = func() (sagatest.Subject, error) { return &noted{&ticket{broken: broken}, seen}, nil }
				e.Unreduced = unreduced
				r, err := e.Run(t.Context())
				require.NoError(t, err)
				require.Nil(t, r.Failure)
				require.NoError(t, r.Valid(e))
				return seen.all, r
			}
			all, unreduced := explore(true)
			some, reduced := explore(false)
			require.Equal(t, all, some)
			require.Less(t, reduced.Schedules, unreduced.Schedules)
			require.Positive(t, reduced.Same)
		})
	}
}

func TestTheMiddleOfAnOutageIsLeftOutAndCounted(t *testing.T) {
	t.Parallel()

	sizes := func(dense int) (schedules, leftOut int) {
		e := explorer("", 2)
		e.Dense = dense
		r, err := e.Run(t.Context())
		require.NoError(t, err)
		require.Nil(t, r.Failure)
		return r.Schedules, r.LeftOut
	}
	all, none := sizes(2)
	require.Zero(t, none)
	some, left := sizes(1)
	require.Positive(t, left)
	require.Equal(t, all, some+left)
}
