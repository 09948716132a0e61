package watch

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// meterOf returns a meter of the bundle, and what it shows.
func meterOf(t *testing.T, b *bundle) (m *meter, shown func() string) {
	t.Helper()
	metrics, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, metrics.Close(t.Context())) })
	orders, err := metrics.Orders()
	require.NoError(t, err)
	b.c.Stuck.Every = time.Hour
	m = &meter{watch: New(b.c), shown: orders, missing: map[string]time.Time{}}
	return m, func() string {
		w := httptest.NewRecorder()
		metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
}

func (b *bundle) flag(t *testing.T, since time.Time) (id string) {
	t.Helper()
	id = b.place(t, time.Time{})
	require.NoError(t, b.store.Note(t.Context(), key.Key{Saga: id, Step: "order.note"}, order.Note{
		At:        time.Now().UTC(),
		Attention: []ledger.Attention{{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Owed: "money held", Since: since, Lasting: true}},
		Waivers:   []ledger.Waiver{{Step: "shipping.book", Owed: "parcels booked", Operator: "night"}},
	}))
	return id
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	c := onEngine(t)

	t.Run("ShowsWhatNeedsAttentionWhatIsStuckAndWhoIsMissing", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.flag(t, time.Now().UTC())
		gone := b.place(t, time.Time{})
		b.serve(t, idle) // polls the order's queue for decisions only
		w := sdkworker.New(c.Client, b.queue("payment"), sdkworker.Options{DisableWorkflowWorker: true})
		w.RegisterActivity(func() error { return nil })
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)

		m, shown := meterOf(t, b)
		require.Eventually(t, func() bool {
			_ = m.measure(t.Context()) // until everything is as expected
			text := shown()
			for _, line := range []string{
				"amends_orders_needing_attention 1", `amends_orders_stuck{cause="not_running"} 2`, `amends_orders_stuck{cause="late"} 0`,
				"amends_orders_unexamined 0", "amends_orders_measure_failures_total 0",
				`amends_queue_without_worker{queue="` + b.queue("payment") + `"} 0`,
				`amends_queue_without_worker{queue="` + b.queue("order") + `"} 1`,
				`amends_queue_without_worker{queue="` + b.queue("shipping") + `"} 1`,
			} {
				if !strings.Contains(text, "\n"+line+"\n") {
					return false
				}
			}
			return true
		}, patience, 20*time.Millisecond)
		require.NotContains(t, shown(), "amends_orders_measured_timestamp_seconds 0\n")

		_, err := b.store.Cancel(t.Context(), key.Key{Saga: gone, Step: "order.cancel"}, order.Closing{Reason: order.Deadline})
		require.NoError(t, err)
		require.NoError(t, m.measure(t.Context()))
		require.Contains(t, shown(), "amends_orders_stuck{cause=\"not_running\"} 1\n", "what has passed does not stay")
	})

	t.Run("ForgivesAQueueWhoseWorkerHasNotStartedYet", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t, c)
		b.c.Stuck.NotTaken = time.Hour
		m, shown := meterOf(t, b)
		require.NoError(t, m.measure(t.Context()))
		require.Contains(t, shown(), `amends_queue_without_worker{queue="`+b.queue("order")+"\"} 0\n")
	})

	t.Run("ShowsThatItFailsAndWhatItStillCanMeasure", func(t *testing.T) {
		t.Parallel()
		nowhere, err := engine.Dial(engine.Options{Address: "127.0.0.1:1", Isolated: true})
		require.NoError(t, err)
		t.Cleanup(nowhere.Close)
		b := newBundle(t, nowhere)
		b.flag(t, time.Now().UTC())
		m, shown := meterOf(t, b)
		require.Error(t, m.measure(t.Context()))
		text := shown()
		require.Contains(t, text, "\namends_orders_measure_failures_total 1\n")
		require.Contains(t, text, "\namends_orders_needing_attention 1\n")
		require.Contains(t, text, "\namends_orders_measured_timestamp_seconds 0\n", "it has never been measured as a whole")
	})
}

// An acknowledged order is on the other list, and is no longer counted.
func TestAcknowledgedOrders(t *testing.T) {
	t.Parallel()
	b := newBundle(t, nil)
	acknowledge := func(id string, at time.Time) {
		_, err := b.store.Cancel(t.Context(), key.New(id, "order.cancel"), order.Closing{Reason: order.Internal})
		require.NoError(t, err)
		_, err = b.store.Acknowledge(t.Context(), key.New(id, "order.acknowledge"),
			ledger.Acknowledgement{Reason: "read the log", Operator: "night", At: at})
		require.NoError(t, err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	first, last, flagged := b.flag(t, now), b.flag(t, now), b.flag(t, now)
	acknowledge(first, now.Add(time.Hour))
	acknowledge(last, now.Add(2*time.Hour))

	found, all, err := New(b.c).Acknowledged(t.Context(), "CANCELLED", 1)
	require.NoError(t, err)
	require.Equal(t, 2, all)
	require.Len(t, found, 1)
	require.Equal(t, last, found[0].ID, "the latest comes first")
	require.Empty(t, found[0].Attention)
	require.Equal(t, "night", found[0].Acknowledgements[0].Operator)
	require.Equal(t, "payment.authorize", found[0].Acknowledgements[0].Flags[0].Step)

	found, all, err = New(b.c).Flagged(t.Context(), "", 10)
	require.NoError(t, err)
	require.Equal(t, 1, all)
	require.Equal(t, flagged, found[0].ID)
	require.NotNil(t, found[0].Acknowledgements, "in JSON a list too")

	m, shown := meterOf(t, b)
	require.NoError(t, m.attention(t.Context()))
	require.Contains(t, shown(), "\namends_orders_needing_attention 1\n")
}

func TestFlaggedOrders(t *testing.T) {
	t.Parallel()
	b := newBundle(t, nil)
	now := time.Now().UTC().Truncate(time.Microsecond)
	late, early := b.flag(t, now), b.flag(t, now.Add(-time.Hour))
	b.place(t, time.Time{})

	found, all, err := New(b.c).Flagged(t.Context(), "", 1)
	require.NoError(t, err)
	require.Equal(t, 2, all)
	require.Len(t, found, 1)
	require.Equal(t, early, found[0].ID, "the longest waiting comes first")
	require.Equal(t, []Flag{{
		Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Owed: "money held", Since: now.Add(-time.Hour),
		Reason: "it is not known whether the money is still held: the payment provider gave no answer",
	}}, found[0].Attention)
	require.Equal(t, "night", found[0].Waivers[0].Operator)

	found, _, err = New(b.c).Flagged(t.Context(), "PENDING", 10)
	require.NoError(t, err)
	require.Equal(t, late, found[1].ID)
	found, all, err = New(b.c).Flagged(t.Context(), "CONFIRMED", 10)
	require.NoError(t, err)
	require.Empty(t, found)
	require.Zero(t, all)
	_, _, err = New(b.c).Flagged(t.Context(), "OPEN", 10)
	require.ErrorContains(t, err, "is not a status")
}

func TestAnIdleWorkerCountsAsOne(t *testing.T) {
	t.Parallel()
	m := &meter{missing: map[string]time.Time{}}
	s := &search{c: Config{Stuck: StuckOptions{}.withDefaults()}, now: time.Now()}
	require.False(t, m.unpolled("q", s.now.Add(-longPoll), s), "it asks again after a long poll")
	require.True(t, m.unpolled("q", s.now.Add(-longPoll-s.c.Stuck.NotTaken-time.Second), s))
	require.False(t, m.unpolled("never", time.Time{}, s), "its worker may start right now")
	s.now = s.now.Add(s.c.Stuck.NotTaken + time.Second)
	require.True(t, m.unpolled("never", time.Time{}, s))
	require.False(t, m.unpolled("never", s.now, s), "it has started")
	require.False(t, m.unpolled("never", time.Time{}, s), "and what was forgotten since begins anew")
}
