package worker

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/claim"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
)

// group is a running one.
type group struct {
	*Group

	stop  context.CancelFunc
	ended chan error
}

// launch runs the inventory service on a queue.
func launch(t *testing.T, c *engine.Client, o Options, queue string) group {
	t.Helper()
	o.Queues = map[string]string{"inventory": queue}
	require.NoError(t, Migrate(t.Context(), o))
	g, err := New(o)
	require.NoError(t, err)
	g.claimEvery = 100 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	running := group{g, stop, make(chan error, 1)}
	go func() { running.ended <- g.Run(ctx, c) }()
	t.Cleanup(stop)
	return running
}

func (g group) ready(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return g.Ready(t.Context()) == nil }, patience, 10*time.Millisecond)
}

// end waits for the end, and returns its error.
func (g group) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-g.ended:
		return err
	case <-time.After(patience):
		return errors.New("it does not end")
	}
}

// Two platforms meet on one engine with the same queues and a database each.
func TestATaskQueueIsServedFromOneDatabase(t *testing.T) {
	t.Parallel()
	s := enginetest.Start(t, temporal.Options{})
	c, err := engine.Dial(engine.Options{Address: s.Address, Isolated: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	notOurs := func(t *testing.T, err error) {
		t.Helper()
		require.Equal(t, claim.NotOurs, fault.CodeOf(err), "%v", err)
	}

	t.Run("OfTwoThatStartAtOnceOneEnds", func(t *testing.T) {
		t.Parallel()
		one, other := options(t, "inventory"), options(t, "inventory")
		won, lost := launch(t, c, one, "raced"), launch(t, c, other, "raced")
		var why error
		select {
		case why = <-lost.ended:
		case why = <-won.ended:
			one, won = other, lost
		case <-time.After(patience):
		}
		notOurs(t, why)
		require.ErrorContains(t, why, `task queue "raced" of namespace "default" is served from database `)
		won.ready(t)
		more := launch(t, c, one, "raced") // a replica
		more.ready(t)
		for _, g := range []group{won, more} {
			g.stop()
			require.NoError(t, g.end(t))
		}
	})

	t.Run("ARestoredCopyIsAnotherDatabase", func(t *testing.T) {
		t.Parallel()
		original, copied := dbtest.Postgres(t), dbtest.Postgres(t)
		require.NoError(t, Migrate(t.Context(), moved(t, "inventory", original)))
		from, err := url.Parse(original)
		require.NoError(t, err)
		to, err := url.Parse(copied)
		require.NoError(t, err)
		names := []string{from.Path[1:], to.Path[1:]}
		from.Path = "/postgres"
		db := dbtest.Open(t, from.String(), database.Options{})
		require.NoError(t, db.Exec("DROP DATABASE "+names[1]).Error)
		require.NoError(t, db.Exec("CREATE DATABASE "+names[1]+" TEMPLATE "+names[0]).Error)

		live := launch(t, c, moved(t, "inventory", original), "restored")
		live.ready(t)
		notOurs(t, launch(t, c, moved(t, "inventory", copied), "restored").end(t))
		live.stop()
		require.NoError(t, live.end(t))
	})

	t.Run("AWorkerWhoseQueueIsGivenAwayEnds", func(t *testing.T) {
		t.Parallel()
		g := launch(t, c, options(t, "inventory"), "given")
		g.ready(t)
		terminate := func() { _ = c.TerminateWorkflow(t.Context(), claim.WorkflowID("given"), "", "moved") } // it may be gone
		terminate()
		require.Eventually(t, func() bool {
			d, err := c.DescribeWorkflowExecution(t.Context(), claim.WorkflowID("given"), "")
			return err == nil && d.GetWorkflowExecutionInfo().GetCloseTime() == nil
		}, patience, 10*time.Millisecond, "without another database the claim comes back")
		other := claim.Claim{Queue: "given", Database: claim.Database{ID: "other", Service: "inventory"}}
		require.Eventually(t, func() bool { // until it comes before the running worker
			terminate()
			return claim.Take(t.Context(), c, other) == nil
		}, patience, time.Millisecond)
		notOurs(t, g.end(t))
		notOurs(t, g.Ready(t.Context()))
	})
}
