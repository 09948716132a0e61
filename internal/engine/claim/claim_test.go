package claim_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/claim"
	"github.com/amends/amends/proof/enginetest"
)

func dial(t *testing.T, address string) *engine.Client {
	t.Helper()
	c, err := engine.Dial(engine.Options{Address: address, Isolated: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

var (
	north = claim.Database{ID: "N", Service: "order", Installation: "north"}
	south = claim.Database{ID: "S", Service: "order"}
)

func TestClaim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := enginetest.Start(t, temporal.Options{Dir: dir})
	c := dial(t, s.Address)
	take := func(queue string, d claim.Database) error {
		return claim.Take(t.Context(), c, claim.Claim{Queue: queue, Database: d})
	}

	// Of many at once one wins, and all of its workers do.
	errs := make([]error, 16)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = take("raced", claim.Database{ID: fmt.Sprint(i / 4), Service: "order"}) })
	}
	all.Wait()
	won := map[int]int{}
	for i, err := range errs {
		if err == nil {
			won[i/4]++
			continue
		}
		require.Equal(t, claim.NotOurs, fault.CodeOf(err), "%v", err)
	}
	require.Len(t, won, 1, "one database")
	for _, workers := range won {
		require.Equal(t, 4, workers, "each worker of it")
	}

	// Another database is refused, and each queue has its own.
	require.NoError(t, take("order", north))
	require.NoError(t, take("order", north), "a repeat")
	require.NoError(t, take("order-south", south))
	err := take("order", south)
	require.Equal(t, fault.Bug, fault.KindOf(err), "waiting does not help")
	require.EqualError(t, err, `QUEUE_NOT_OURS: task queue "order" of namespace "default" is served from database N of order in the installation north, `+
		"and this is database S of order. Another services.order.queue or namespace keeps them apart. "+
		"If the other one is gone for good: stop its workers, then `temporal workflow terminate --workflow-id amends-queue-order`")

	free, taken := claim.Claim{Queue: "free", Database: south}, claim.Claim{Queue: "order", Database: south}
	require.Equal(t, claim.NotOurs, fault.CodeOf(claim.Take(t.Context(), c, free, taken)))
	require.NoError(t, take("free", north), "all or none")

	// A copy has the same id.
	at := func(place string) claim.Database { return claim.Database{ID: "C", Service: "order", Place: place} }
	require.NoError(t, take("copied", at("1/2")))
	require.NoError(t, take("copied", at("")), "it is unknown")
	require.ErrorContains(t, take("copied", at("3/4")), "is served from database C of order at 1/2, and this is database C of order at 3/4.")

	// The engine keeps the claim over a restart, until an operator ends it.
	require.NoError(t, s.Stop())
	s = enginetest.Start(t, temporal.Options{Dir: dir})
	c = dial(t, s.Address)
	require.Equal(t, claim.NotOurs, fault.CodeOf(take("order", south)))
	require.NoError(t, take("order", north))
	require.NoError(t, c.TerminateWorkflow(t.Context(), claim.WorkflowID("order"), "", "moved"))
	require.NoError(t, take("order", south))
	require.Equal(t, claim.NotOurs, fault.CodeOf(take("order", north)), "the former owner")
}

func TestAnEngineThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	address, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	require.Equal(t, fault.Transient, fault.KindOf(claim.Take(ctx, dial(t, address), claim.Claim{Queue: "order", Database: north})))
	cancel()
}
