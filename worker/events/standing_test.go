package events

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/proof/dbtest"
	querystore "github.com/amends/amends/services/query/store"
	"github.com/amends/amends/worker/registry"
)

// late is a broker with a group that is an hour behind.
type late struct{ event.Bus }

func (late) Behind(context.Context, string) (int64, time.Time, error) {
	return 3, time.Now().Add(-time.Hour), nil
}

func TestAStandingWarnsOfAListenerThatIsFarBehind(t *testing.T) {
	t.Parallel()
	metrics, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, metrics.Close(context.WithoutCancel(t.Context()))) })
	shown, err := metrics.Listeners()
	require.NoError(t, err)
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, append(slices.Clone(querystore.Schema), database.Set(waiting.Name, waiting.Migrations)).Migrate(t.Context(), db))

	type recorded struct {
		behind int64
		known  bool
	}
	var got []recorded
	stores := &registry.Stores{Own: db, Row: registry.Row{
		Name: "query", Stand: func(_ context.Context, _ *registry.Stores, behind int64, upTo time.Time) error {
			got = append(got, recorded{behind, !upTo.IsZero()})
			return nil
		},
	}}
	measure := func(bus event.Bus) []string {
		s := NewStanding(stores, bus, shown, slog.New(slog.DiscardHandler))
		require.NoError(t, s.Measure(t.Context()))
		return s.Warnings()
	}
	require.Empty(t, measure(eventtest.NewMemory()))
	require.Empty(t, measure(struct{ event.Bus }{eventtest.NewMemory()}), "it does not tell")
	require.Equal(t, []string{"query is 1h0m0s behind the other services: 3 events are not handled"}, measure(late{}))
	require.Equal(t, []recorded{{0, true}, {-1, false}, {3, true}}, got)
}
