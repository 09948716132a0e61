package eventtest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/eventtest/faults"
	"github.com/amends/amends/fault"
)

func TestMemoryIsABus(t *testing.T) {
	t.Parallel()
	eventtest.Bus(t, func(*testing.T) eventtest.Broker {
		bus := eventtest.NewMemory()
		return eventtest.Broker{
			Open:     func(*testing.T) event.Bus { return bus },
			TooLarge: eventtest.MaxData + 1,
		}
	})
}

func TestFaultsWithoutOrdersIsABus(t *testing.T) {
	t.Parallel()
	eventtest.Bus(t, func(*testing.T) eventtest.Broker {
		bus := eventtest.NewMemory()
		return eventtest.Broker{
			Open:     func(*testing.T) event.Bus { return faults.New(bus) },
			TooLarge: eventtest.MaxData + 1,
		}
	})
}

func messages(ids ...string) (batch []event.Message) {
	for _, id := range ids {
		batch = append(batch, event.Message{ID: id, Topic: "evt.x.y", Key: "k"})
	}
	return batch
}

func TestFaultsFailAsOrdered(t *testing.T) {
	t.Parallel()
	memory := eventtest.NewMemory()
	bus := faults.New(memory)
	ctx := t.Context()

	bus.Away(true)
	_, err := bus.Publish(ctx, messages("1"))
	require.Equal(t, fault.Transient, fault.KindOf(err))
	require.Error(t, bus.Ready(ctx))
	require.Empty(t, memory.Stored())
	bus.Away(false)

	bus.LoseAcks(1)
	positions, err := bus.Publish(ctx, messages("1", "2"))
	require.Error(t, err)
	require.Empty(t, positions)
	require.Len(t, memory.Stored(), 2)

	bus.FailAt(1)
	positions, err = bus.Publish(ctx, messages("3", "4"))
	require.Error(t, err)
	require.Equal(t, []uint64{3}, positions)

	epoch := bus.Epoch()
	memory.Cut(1)
	require.Greater(t, bus.Epoch(), epoch)
	holds, err := bus.Holds(ctx, 3, "3")
	require.NoError(t, err)
	require.False(t, holds)
	positions, err = bus.Publish(ctx, messages("5"))
	require.NoError(t, err)
	require.Equal(t, []uint64{3}, positions)

	bus.Twice(1)
	consuming, stop := context.WithCancel(ctx)
	var ids []string
	require.NoError(t, bus.Consume(consuming, "g", []string{"evt.x.y"}, func(_ context.Context, batch []event.Message) error {
		for _, m := range batch {
			ids = append(ids, m.ID)
		}
		if len(ids) > 3 {
			stop()
		}
		return nil
	}))
	require.Equal(t, []string{"1", "2", "5", "1", "2", "5"}, ids)
}
