package reporting_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/worker/reporting"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var schema = database.Schema{
	barrier.Migrations, database.Set(lease.Name, lease.Migrations), database.Set(outbox.Name, outbox.Migrations),
	database.Set(waiting.Name, waiting.Migrations),
}

// of returns an event of a choreographed order.
func of[Data any](f event.Fact[Data], id string) event.Event {
	var data Data
	e := f.New(id, id, data)
	e.ID, e.Time, e.Style, e.Hops = f.Name+" of "+id, database.Now(), string(order.Choreographed), 2
	return e
}

// The facts are told by the listener's own service, in its outbox.
func TestAServiceTellsThatItIsInTrouble(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, schema.Migrate, func(t *testing.T, db *gorm.DB) {
		bus := eventtest.NewMemory()
		publish := func(e event.Event) {
			_, err := bus.Publish(t.Context(), []event.Message{event.Encode(e)})
			require.NoError(t, err)
		}
		var mended atomic.Bool
		listener := event.Listener{
			Group: "payment", Style: string(order.Choreographed),
			Facts: []event.Declaration{catalog.QuotedFact.Declaration, order.AbortedFact.Declaration},
			Handle: func(_ context.Context, e event.Event) error {
				switch {
				case e.Type == catalog.QuotedFact.Type():
					return fault.Errorf(fault.Bug, fault.Mismatch, "another request")
				case !mended.Load():
					return fault.Errorf(fault.Unknown, "PROVIDER_TIMEOUT", "perhaps")
				}
				return nil
			},
		}
		group := inbox.React(listener, inbox.Options{
			DB: db, Bus: bus, Logger: slog.New(slog.DiscardHandler), Report: reporting.Of("payment"),
			Retry: waiting.Retry{First: time.Millisecond, Most: 20 * time.Millisecond, FlagAfter: time.Millisecond},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- group.Run(ctx) }()
		t.Cleanup(func() { cancel(); require.NoError(t, <-done) })

		reader := told.New(db)
		next := func() event.Event {
			var events []event.Event
			require.Eventually(t, func() bool { events = append(events, reader.Events(t)...); return len(events) > 0 }, time.Minute, 5*time.Millisecond)
			require.Len(t, events, 1)
			e := events[0]
			require.Equal(t, []any{string(order.Choreographed), 3, "a", "a"}, []any{e.Style, e.Hops, e.Key, e.Correlation})
			return e
		}

		publish(of(catalog.QuotedFact, "a"))
		e := next()
		authorize := key.New("a", "payment.authorize")
		require.Equal(t, report.Failure{Key: authorize, Code: fault.Mismatch}, told.Read(t, payment.Reports.Failed, e))
		require.Equal(t, "quoted of a", e.Causation)

		publish(of(order.AbortedFact, "a"))
		e = next()
		stall := told.Read(t, payment.Reports.Stuck, e)
		require.WithinDuration(t, time.Now(), stall.Since, time.Minute)
		require.Equal(t, report.Stall{
			Key: authorize, Call: "payment.void", Code: "PROVIDER_TIMEOUT", Kind: fault.Unknown, Owed: "money held", Since: stall.Since,
		}, stall)
		require.Equal(t, "aborted of a", e.Causation)
		mended.Store(true)
		require.Equal(t, report.Recovery{Key: authorize, Call: "payment.void"}, told.Read(t, payment.Reports.Recovered, next()))
	})
}

func TestADiscardIsToldIfItsEventWasStuck(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, schema.Migrate, func(t *testing.T, db *gorm.DB) {
		now := database.Now()
		letter := func(id string, flagged *time.Time) {
			e := of(order.AbortedFact, id)
			l := waiting.New("payment", e, event.Encode(e), true, now)
			l.FlaggedAt = flagged
			_, err := lease.Take(db.WithContext(t.Context()), "payment", "me", lease.State{})
			require.NoError(t, err)
			err = lease.Change(db.WithContext(t.Context()), "payment", lease.Anyone, func(tx *gorm.DB) error { return waiting.Put(tx, []waiting.Letter{l}) })
			require.NoError(t, err)
			_, err = reporting.Desk("payment", db).Discard(t.Context(), waiting.Request{
				Selection: waiting.Selection{Group: "payment", ID: e.ID}, Reason: "known", Operator: "ada",
			})
			require.NoError(t, err)
		}
		letter("a", &now)
		letter("b", nil)
		require.Equal(t, []string{"payment.recovered a"}, told.New(db).Names(t))
	})
}
