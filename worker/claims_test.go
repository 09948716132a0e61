package worker

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/claim"
	"github.com/amends/amends/proof/enginetest"
)

// Two platforms meet on one engine with the same queues and a database each.
func TestATaskQueueIsServedFromOneDatabase(t *testing.T) {
	t.Parallel()
	s := enginetest.Start(t, temporal.Options{})
	c, err := engine.Dial(engine.Options{Address: s.Address, Isolated: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)

	// run runs a group until stop, and sends how it ended.
	run := func(o Options) (g *Group, ended chan error, stop context.CancelFunc) {
		require.NoError(t, Migrate(t.Context(), o))
		g, err := New(o)
		require.NoError(t, err)
		g.claimEvery = 100 * time.Millisecond
		ctx, stop := context.WithCancel(t.Context())
		t.Cleanup(stop)
		ended = make(chan error, 1)
		go func() { ended <- g.Run(ctx, c) }()
		return g, ended, stop
	}
	ready := func(g *Group) {
		require.Eventually(t, func() bool { return g.Ready(t.Context()) == nil }, 30*time.Second, 10*time.Millisecond)
	}
	end := func(ended chan error) error {
		select {
		case err := <-ended:
			return err
		case <-time.After(30 * time.Second):
			return errors.New("it does not end")
		}
	}

	// Of two that start at once one serves, and the other ends with the reason.
	first, second := options(t, "inventory"), options(t, "inventory")
	a, aEnded, _ := run(first)
	b, bEnded, _ := run(second)
	var lost error
	select {
	case lost = <-aEnded:
		first, second = second, first
		a, aEnded = b, bEnded
	case lost = <-bEnded:
	case <-time.After(30 * time.Second):
	}
	require.Equal(t, claim.NotOurs, fault.CodeOf(lost), "%v", lost)
	require.ErrorContains(t, lost, `task queue "inventory" of namespace "default" is served from database `)
	ready(a)

	// More workers of the same database are welcome; so is a queue of its own.
	more, moreEnded, moreStop := run(first)
	ready(more)
	moreStop()
	require.NoError(t, end(moreEnded))
	second.Queues = map[string]string{"inventory": "inventory-2"}
	beside, besideEnded, besideStop := run(second)
	ready(beside)
	besideStop()
	require.NoError(t, end(besideEnded))

	other := claim.Claim{Queue: "inventory", Database: claim.Database{ID: "other", Service: "inventory"}}
	// A claim that is ended comes back; a worker whose queue was given away ends.
	terminate := func() { _ = c.TerminateWorkflow(t.Context(), claim.WorkflowID("inventory"), "", "moved") } // it may be gone
	terminate()
	require.Eventually(t, func() bool {
		d, err := c.DescribeWorkflowExecution(t.Context(), claim.WorkflowID("inventory"), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetCloseTime() == nil
	}, 30*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { // until it comes before the running worker
		terminate()
		return claim.Take(t.Context(), c, other) == nil
	}, 30*time.Second, time.Millisecond)
	require.Equal(t, claim.NotOurs, fault.CodeOf(end(aEnded)))
	require.Equal(t, claim.NotOurs, fault.CodeOf(a.Ready(t.Context())))
}
