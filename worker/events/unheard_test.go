package events

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/worker/registry"
)

// rows returns services by their names.
func rows(names ...string) (all []*registry.Stores) {
	for _, r := range registry.All {
		if slices.Contains(names, r.Name) {
			all = append(all, &registry.Stores{Row: r})
		}
	}
	return all
}

// Mails and erasures wait for listeners whom nobody else hears of.
func TestAProcessWatchesItsOwnListenersAndThoseOfOrders(t *testing.T) {
	t.Parallel()
	watched := func(names ...string) (groups []string) {
		for _, l := range Watched(rows(names...)) {
			require.NotEmpty(t, l.Topics(), l.Group)
			groups = append(groups, l.Group)
		}
		slices.Sort(groups)
		return groups
	}
	ordering := []string{"catalog", "inventory", "order", "payment", "shipping"}
	require.Equal(t, ordering, watched("payment"))
	require.Equal(t, ordering, watched("payment", "order", "query"), "each once; the read model has a standing")
	require.Equal(t, []string{"notification"}, watched("notification"))
	require.Equal(t, []string{"notification", "support"}, watched("support", "notification", "user"))
	require.Empty(t, watched("user", "query"))
	require.Len(t, watched(registry.Names()...), len(ordering)+2)
}

func TestAHungListenerOfMailsIsNamed(t *testing.T) {
	t.Parallel()
	metrics, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, metrics.Close(context.WithoutCancel(t.Context()))) })
	ctx, parts := process.New(t.Context())
	t.Cleanup(func() { require.NoError(t, parts.Stop()) })
	warners, err := Config{Bus: late{}, Metrics: metrics, Logger: slog.New(slog.DiscardHandler)}.Watch(ctx, parts, rows("notification"))
	require.NoError(t, err)
	require.Len(t, warners, 1)
	require.Eventually(t, func() bool {
		return slices.Equal(warners[0].Warnings(), []string{"notification has not handled an event of 1h0m0s ago: no process of it listens, or it cannot keep up"})
	}, time.Minute, 10*time.Millisecond)
}
