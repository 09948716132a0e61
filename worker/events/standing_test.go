package events

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/proof/dbtest"
	querystore "github.com/amends/amends/services/query/store"
	"github.com/amends/amends/worker/registry"
)

// late is a broker with a group that is an hour behind.
type late struct{ event.Bus }

func (late) Oldest(context.Context, string, []string) (time.Time, error) {
	return time.Now().Add(-time.Hour), nil
}

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

// An event that was heard late and could not be handled is as old as its telling.
func TestAStandingIsNotYoungerThanAnEventThatIsKept(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	schema := append(slices.Clone(querystore.Schema), database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations))
	require.NoError(t, schema.Migrate(t.Context(), db))
	now := time.Now().UTC().Truncate(time.Microsecond)
	told := now.Add(-time.Hour)
	m := event.Encode(event.Event{ID: "e1", Type: "amends.order.placed.v1", Key: "o", Time: told})
	_, err := lease.Take(db, "query", "me", lease.State{})
	require.NoError(t, err)
	require.NoError(t, lease.Change(db.WithContext(t.Context()), "query", "me", func(tx *gorm.DB) error {
		return waiting.Put(tx, []waiting.Letter{{
			Group: "query", Key: m.Key, ID: m.ID, Type: "amends.order.placed.v1", Topic: m.Topic, Header: m.Header, Data: []byte("{}"),
			State: waiting.Parked, Since: now,
		}})
	}))
	var asOf time.Time
	stores := &registry.Stores{Own: db, Row: registry.Row{
		Name: "query", Stand: func(_ context.Context, _ *registry.Stores, _ int64, upTo time.Time) error {
			asOf = upTo
			return nil
		},
	}}
	require.NoError(t, NewStanding(stores, eventtest.NewMemory(), nil, slog.New(slog.DiscardHandler)).Measure(t.Context()))
	require.Equal(t, told, asOf)
}
