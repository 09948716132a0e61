package worker

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/worker/registry"
)

// TestAGroupTakesOverFromADeadOne: the facts that it has told, and those that it has not heard, when
// the configured time has passed and not before; a group that stops leaves both to the next one.
func TestAGroupTakesOverFromADeadOne(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	o.TakeoverAfter = time.Second
	require.NoError(t, Migrate(t.Context(), o))
	leases := []string{outbox.Name, "inventory"}
	holders := func() (all []string) {
		t.Helper()
		require.NoError(t, With(t.Context(), o, "inventory", func(s *registry.Stores) error {
			for _, name := range leases {
				held, err := lease.Held(s.Own, name)
				require.NoError(t, err)
				all = append(all, held.Holder)
			}
			return nil
		}))
		return all
	}
	require.NoError(t, With(t.Context(), o, "inventory", func(s *registry.Stores) error {
		for _, name := range leases {
			taken, err := lease.Take(s.Own, name, "dead", lease.State{})
			require.NoError(t, err)
			require.True(t, taken)
		}
		return nil
	}))
	bus := eventtest.NewMemory()
	_, err := bus.Publish(t.Context(), []event.Message{placed("e1", "ord_1")})
	require.NoError(t, err)
	o.Bus = bus
	var heard atomic.Int64
	g := listening(t, o, reaction("inventory", func(context.Context, *registry.Stores, event.Event) error {
		heard.Add(1)
		return nil
	}))
	began := time.Now()
	stop := start(t, g, connect(t, &flickering{}))
	within := 10 * time.Second // the default is 15 s
	require.Eventually(t, func() bool { return heard.Load() == 1 && holders()[0] != "dead" }, within, 10*time.Millisecond)
	require.GreaterOrEqual(t, time.Since(began), o.TakeoverAfter)
	stop()
	require.Equal(t, []string{"", ""}, holders())
}
