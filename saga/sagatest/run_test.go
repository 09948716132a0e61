package sagatest

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// An exploration has hundreds of thousands of runs, and must not keep what each of
// them ran in.
func TestARunLeavesNothingBehind(t *testing.T) {
	t.Parallel()

	r := &Registry{activities: map[string]any{}}
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ string) error { return workflow.Sleep(ctx, time.Hour) },
		workflow.RegisterOptions{Name: "Sleep"})
	x := &explorer{registry: r}
	once := func() weak.Pointer[testsuite.TestWorkflowEnvironment] {
		e := &engine{registry: r, history: history{names: names{ids: map[string]int{}}}}
		return weak.Make(x.once(e, epoch, "Sleep", "t1"))
	}
	left := once()
	require.Eventually(t, func() bool {
		runtime.GC()
		return left.Value() == nil
	}, 10*time.Second, time.Millisecond)
}
