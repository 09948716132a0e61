package reacting_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/worker/reacting"
)

func TestAGraphInWhichAnOrderStandsStillIsRefused(t *testing.T) {
	t.Parallel()
	require.NoError(t, reacting.Check(reactions.Choreography()))
	err := reacting.Check(choreography.Graph{Begins: []event.Declaration{order.PlacedFact.Declaration}})
	require.EqualError(t, err, "a choreographed order could stand still: order.placed is told, and no group hears it")
}

func TestAnOrderServiceThatCannotBeAskedIsWaitedFor(t *testing.T) {
	t.Parallel()
	parts := reacting.Parts(nil)
	for _, ask := range []func() error{
		func() error { _, err := parts.Wanted(t.Context(), "a"); return err },
		func() error { _, err := parts.Payable(t.Context(), "a"); return err },
		func() error { _, err := parts.Destination(t.Context(), "a"); return err },
	} {
		require.Equal(t, fault.Transient, fault.KindOf(ask()))
	}
}
