package worker

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/worker/events"
	"github.com/amends/amends/worker/registry"
)

// old is a broker in which an event of a choreographed order has waited for the payment
// service for two minutes.
type old struct{ *eventtest.Memory }

func (old) Oldest(_ context.Context, group string, topics []string) (oldest time.Time, err error) {
	if group == "payment" && slices.Contains(topics, "evt.catalog.quoted.choreographed") {
		oldest = time.Now().Add(-2 * time.Minute)
	}
	return oldest, nil
}

// A listener that has stopped cannot say so: the processes of other services do.
func TestAListenerThatHasStoppedIsNamed(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	o.Bus = old{eventtest.NewMemory()}
	require.NoError(t, Migrate(t.Context(), o))
	row, err := registry.Find("inventory")
	require.NoError(t, err)
	g := listening(t, o, row.Listen)
	stop := start(t, g, connect(t, &flickering{}))
	defer stop()
	require.Eventually(t, func() bool { return len(g.Warnings()) == 1 }, patience, 10*time.Millisecond)
	require.Contains(t, g.Warnings()[0], "payment has not handled an event of 2m")

	silent, err := events.Silent(o.Bus)(t.Context())
	require.NoError(t, err)
	require.Len(t, silent, 1, "orders that are stuck name it, too")
	require.WithinDuration(t, time.Now().Add(-2*time.Minute), silent["payment"], 30*time.Second)
}

// A process does not start in which an order could stand still.
func TestAGraphWithADeadEndIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	fact := func(name string) event.Declaration {
		return event.Declaration{Service: "inventory", Name: name, Version: 1, Key: "order"}
	}
	begins := []event.Declaration{order.PlacedFact.Declaration}
	link := func(on event.Declaration, tells string) choreography.Link {
		return choreography.Link{Group: "inventory", On: on, Calls: "inventory.reserve", Tells: []event.Declaration{fact(tells)}}
	}
	for problem, graph := range map[string]choreography.Graph{
		"inventory.held is told, and no group hears it": {Begins: begins, Links: []choreography.Link{link(begins[0], "held")}},
		"inventory.held leads to no end of the saga: inventory.held → inventory.held": {
			Begins: begins, Links: []choreography.Link{link(begins[0], "held"), link(fact("held"), "held")},
		},
	} {
		g, err := New(o)
		require.NoError(t, err)
		g.graph = graph
		require.ErrorContains(t, g.Run(t.Context(), connect(t, &flickering{})), problem)
	}
}
