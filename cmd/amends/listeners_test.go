package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/event/unheard"
	"github.com/amends/amends/proof/brokertest"
	"github.com/amends/amends/services/order"
)

func TestEventsListenersTellsWhoHasNotHeard(t *testing.T) {
	t.Parallel()
	broker := brokertest.Start(t)
	bus, err := jetstream.Open(broker.URL(), jetstream.Options{})
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	e := order.PlacedFact.New("ord_1", "ord_1", order.Snapshot{})
	e.ID, e.Style, e.Time = "e1", string(order.Choreographed), time.Now()
	require.Eventually(t, func() bool {
		_, err := bus.Publish(t.Context(), []event.Message{event.Encode(e)})
		return err == nil
	}, patience, 10*time.Millisecond)

	said := func(args ...string) string {
		out, err := once(t, nil, append([]string{"events", "listeners", "--broker-url", broker.URL()}, args...)...)
		require.NoError(t, err)
		return out
	}
	require.Regexp(t, "^Service\tListens\ncatalog\thas not taken an event of [0-9]+s ago\ninventory\thas taken every event\n"+
		"order\thas taken every event\npayment\thas taken every event\nshipping\thas taken every event\n$", said())
	var all []unheard.Standing
	require.NoError(t, json.Unmarshal([]byte(said("--json")), &all))
	require.Len(t, all, 5)
	require.Equal(t, "catalog", all[0].Group)
	require.WithinDuration(t, e.Time, all[0].Oldest, time.Minute)

	_, err = once(t, nil, "events", "listeners")
	require.ErrorContains(t, err, "broker.url: must be set: the broker knows who listens")
}
