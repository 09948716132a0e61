package stage

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga/sagatest/state"
)

// An exploration has hundreds of thousands of runs, and must not keep their
// environments.
func TestARunLeavesNothingBehind(t *testing.T) {
	t.Parallel()

	r := newRegistry()
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ string) error { return workflow.Sleep(ctx, time.Hour) },
		workflow.RegisterOptions{Name: "Sleep"})
	g := &Stage{registry: r}
	once := func() weak.Pointer[testsuite.TestWorkflowEnvironment] {
		e := &engine{registry: r, state: state.Run{Names: state.NewAliases("2026-05-01")}}
		return weak.Make(g.once(e, epoch, "Sleep", "t1"))
	}
	left := once()
	require.Eventually(t, func() bool {
		runtime.GC()
		return left.Value() == nil
	}, time.Minute, time.Millisecond)
}
