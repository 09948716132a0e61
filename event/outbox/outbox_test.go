package outbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/key"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()
	dbtest.SetUpDownUp(t, outbox.Name, schema.Migrate, schema.Ready)
}

func TestTell(t *testing.T) {
	t.Parallel()

	t.Run("StampsTheEvent", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			bus := eventtest.NewMemory()
			start(t, outbox.NewRelay(db, bus, woken()))
			span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
			ctx := trace.ContextWithSpanContext(event.CausedBy(t.Context(), event.Event{ID: "cause", Style: "choreographed", Hops: 2}), span)
			before := txn.Now()
			require.NoError(t, tell(ctx, db, changed.At("MUG", "ord_1", 7, change{3})))

			eventually(t, func() bool { return len(bus.Stored()) == 1 })
			e, err := event.Decode(bus.Stored()[0])
			require.NoError(t, err)
			require.EqualValues(t, 7, uuid.MustParse(e.ID).Version())
			require.WithinRange(t, e.Time, before, time.Now())
			require.Equal(t, event.Event{
				ID: e.ID, Type: "amends.inventory.stock_changed.v1", Key: "MUG", Time: e.Time, Correlation: "ord_1", Causation: "cause",
				Style: "choreographed", Hops: 3,
				Trace: "00-01000000000000000000000000000000-0200000000000000-01", Sequence: 7, Data: []byte(`{"n":3}`),
			}, e)
		})
	})

	t.Run("LeavesNothingOfWhatIsRolledBack", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, db *gorm.DB) {
			noLuck := errors.New("no luck")
			require.ErrorIs(t, txn.Run(t.Context(), db, func(tx *gorm.DB) error {
				return errors.Join(outbox.Tell(tx, some(0, 3, 3)...), noLuck)
			}), noLuck)
			require.Zero(t, count(t, db, "1 = 1"))
		})
	})

	t.Run("RefusesWhatNoListenerCouldGet", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
		require.NoError(t, schema.Migrate(t.Context(), db))
		for name, e := range map[string]event.Event{
			"TooLarge":  {Type: changed.Type(), Key: "MUG", Data: []byte(`"` + strings.Repeat("x", outbox.MaxSize) + `"`)},
			"NoJSON":    {Type: changed.Type(), Key: "MUG", Data: []byte("mug")},
			"NoKey":     changed.New("", "", change{}),
			"OtherType": {Type: "mug", Key: "MUG", Data: []byte("1")},
		} {
			err := tell(t.Context(), db, e)
			require.Equal(t, fault.Bug, fault.KindOf(err), "%s: %v", name, err)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%s: %v", name, err)
		}
		require.Equal(t, fault.Bug, fault.KindOf(outbox.Tell(db.WithContext(t.Context()), some(0, 1, 1)...)), "without a transaction")
		require.Zero(t, count(t, db, "1 = 1"))
	})
}

// TestTellTakesNoRoundTrip compares a step with and without.
func TestTellTakesNoRoundTrip(t *testing.T) {
	t.Parallel()
	db, spent := dbtest.Counted(t, schema.Migrate)
	do := func(saga string, tell ...barrier.Tell) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := barrier.Do(ctx, db, barrier.Call{Key: key.New(saga, "inventory.reserve"), Fingerprint: "f"},
				func(*gorm.DB) (change, error) { return change{1}, nil }, tell...)
			return err
		}
	}
	two := func(tx *gorm.DB, told barrier.Told) error { return outbox.Tell(tx, some(0, 2, 2)...) }
	dbtest.RequireTrips(t, spent, func(saga string) []dbtest.Call {
		return []dbtest.Call{dbtest.Takes(2, "do", do(saga+"a")), dbtest.Takes(2, "do and tell", do(saga+"b", two))}
	})
	require.Positive(t, count(t, db, "1 = 1"))
}
