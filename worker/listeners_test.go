package worker

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/worker/registry"
)

// placed returns the fact that an order was placed, as the broker has it.
func placed(id, key string) event.Message {
	return event.Encode(event.Event{ID: id, Type: order.PlacedFact.Type(), Key: key, Time: time.Now(), Data: json.RawMessage(`{}`)})
}

// listening returns a group of the inventory service, with a listener.
func listening(t *testing.T, o Options, listen func(*registry.Stores, inbox.Options) *inbox.Group) *Group {
	t.Helper()
	g, err := New(o)
	require.NoError(t, err)
	row, err := registry.Find("inventory")
	require.NoError(t, err)
	row.Listen = listen
	g.registered = []registry.Row{row}
	return g
}

// reaction returns a listener that follows placed orders, and looks for decisions of
// operators often.
func reaction(group string, handle func(context.Context, *registry.Stores, event.Event) error) func(*registry.Stores, inbox.Options) *inbox.Group {
	return func(s *registry.Stores, o inbox.Options) *inbox.Group {
		o.Poll = 10 * time.Millisecond
		return inbox.React(event.Listener{
			Group: group, Facts: []event.Declaration{order.PlacedFact.Declaration},
			Handle: func(ctx context.Context, e event.Event) error { return handle(ctx, s, e) },
		}, o)
	}
}

// TestAGroupListens: a row's listener hears the facts of others, its dead letters are on
// the desk of the service, in the warnings and in the metrics, and it ends before the
// database closes.
func TestAGroupListens(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	bus := eventtest.NewMemory()
	_, err := bus.Publish(t.Context(), []event.Message{placed("e1", "ord_1"), placed("e2", "ord_2")})
	require.NoError(t, err)
	metrics, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, metrics.Close(context.WithoutCancel(t.Context()))) })
	o.Bus, o.Metrics = bus, metrics

	// A letter of an earlier release is dead already.
	old := placed("e0", "ord_0")
	e, err := waiting.Read(old)
	require.NoError(t, err)
	bug := fault.Errorf(fault.Bug, fault.Mismatch, "not mended yet")
	require.NoError(t, With(t.Context(), o, "inventory", func(s *registry.Stores) error {
		l := waiting.New("inventory", e, old, false, time.Now().UTC()).Fail(time.Now().UTC(), bug, waiting.Retry{}.WithDefaults())
		return s.Own.Transaction(func(tx *gorm.DB) error { return waiting.Put(tx, []waiting.Letter{l}) })
	}))

	var handled, mended atomic.Int64
	begun, ended := make(chan struct{}), make(chan error, 1)
	g := listening(t, o, reaction("inventory", func(ctx context.Context, s *registry.Stores, e event.Event) error {
		switch {
		case e.ID == "last":
			close(begun)
			<-ctx.Done()
			ended <- s.Own.WithContext(context.WithoutCancel(ctx)).Exec("SELECT 1").Error
			return ctx.Err()
		case e.ID != "e1" && mended.Load() == 0:
			return bug
		}
		handled.Add(1)
		return nil
	}))
	_, err = g.Desk("inventory")
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "it does not run yet")
	stop := start(t, g, connect(t, &flickering{}))
	eventually := func(claim func() bool, words string) {
		t.Helper()
		require.Eventually(t, claim, patience, 10*time.Millisecond, words)
	}
	eventually(func() bool { return len(g.Warnings()) == 1 }, "it warns")
	require.Contains(t, g.Warnings()[0], "see `amends events dead --group inventory`")
	require.NoError(t, g.Ready(t.Context()), "a dead letter leaves it ready")

	_, err = g.Desk("order")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	desk, err := g.Desk("inventory")
	require.NoError(t, err)
	eventually(func() bool {
		p, err := desk.List(t.Context(), waiting.Query{Group: "inventory", State: waiting.Parked})
		return err == nil && len(p.Letters) == 2 && handled.Load() == 1
	}, "the bug parks its key alone")
	require.Contains(t, scrape(t, metrics), `amends_events_failed_total{group="inventory",kind="bug"} 1`)

	mended.Store(1)
	_, n, err := desk.Redrive(t.Context(), waiting.Request{
		Selection: waiting.Selection{Group: "inventory", All: true}, Reason: "mended", Operator: "night",
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	eventually(func() bool { return handled.Load() == 3 }, "both are handled")

	_, err = bus.Publish(t.Context(), []event.Message{placed("last", "ord_3")})
	require.NoError(t, err)
	<-begun
	stop()
	require.NoError(t, <-ended, "the database is open until the handler has ended")
	_, err = g.Desk("inventory")
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "it has stopped")
}

// scrape returns the metrics as Prometheus gets them.
func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// TestAListenerHasTheNameOfItsService: by the name the broker keeps its place, and an
// operator finds its database.
func TestAListenerHasTheNameOfItsService(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	o.Bus = eventtest.NewMemory()
	g := listening(t, o, reaction("stock", func(context.Context, *registry.Stores, event.Event) error { return errors.New("never called") }))
	err := g.Run(t.Context(), connect(t, &flickering{}))
	require.ErrorContains(t, err, "the service inventory listens as stock: a group has the name of its service")
}
