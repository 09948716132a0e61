package meter

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
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/proof/watchtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// patience bounds every wait, on a machine that does other work too.
const patience = 60 * time.Second

// meterOf returns a meter of a shop, and the metrics page that shows its values.
func meterOf(t *testing.T, b *watchtest.Shop, notTaken time.Duration) (m *meter, shown func() string) {
	t.Helper()
	metrics, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, metrics.Close(t.Context())) })
	orders, err := metrics.Orders()
	require.NoError(t, err)
	m = newMeter(b.Store, stuck.Config{
		Orders: b.Store, Engine: b.Engine, Queues: b.Queues, ParkAfter: time.Millisecond,
		Options: stuck.Options{Every: time.Hour, Young: time.Nanosecond, Grace: time.Millisecond, NotTaken: notTaken, Rate: 1000},
	}, orders)
	return m, func() string {
		w := httptest.NewRecorder()
		metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	c := watchtest.OnEngine(t)

	t.Run("ShowsWhatNeedsAttentionWhatIsStuckAndWhoIsMissing", func(t *testing.T) {
		t.Parallel()
		b := watchtest.New(t, c)
		b.Flag(t, time.Now().UTC())
		gone := b.Place(t, time.Time{})
		b.Serve(t, watchtest.Idle) // polls the order's queue for decisions only
		w := sdkworker.New(c.Client, b.Queue("payment"), sdkworker.Options{DisableWorkflowWorker: true})
		w.RegisterActivity(func() error { return nil })
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)

		m, shown := meterOf(t, b, 300*time.Millisecond)
		require.Eventually(t, func() bool {
			if m.measure(t.Context()) != nil { // the engine is busy; a failure is counted for good
				m, shown = meterOf(t, b, 300*time.Millisecond)
				return false
			}
			text := shown()
			for _, line := range []string{
				"amends_orders_needing_attention 1", `amends_orders_stuck{cause="not_running"} 2`, `amends_orders_stuck{cause="late"} 0`,
				"amends_orders_stuck_last_hour 2", "amends_orders_unexamined 0", "amends_orders_measure_failures_total 0",
				`amends_queue_without_worker{queue="` + b.Queue("payment") + `"} 0`,
				`amends_queue_without_worker{queue="` + b.Queue("order") + `"} 1`,
				`amends_queue_without_worker{queue="` + b.Queue("shipping") + `"} 1`,
			} {
				if !strings.Contains(text, "\n"+line+"\n") {
					return false
				}
			}
			return true
		}, patience, 20*time.Millisecond)
		require.NotContains(t, shown(), "amends_orders_measured_timestamp_seconds 0\n")

		_, err := b.Store.Cancel(t.Context(), key.Key{Saga: gone, Step: "order.cancel"}, order.Closing{Reason: order.Deadline})
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return m.measure(t.Context()) == nil && strings.Contains(shown(), "amends_orders_stuck{cause=\"not_running\"} 1\n")
		}, patience, 20*time.Millisecond, "what has passed does not stay")
	})

	t.Run("ForgivesAQueueWhoseWorkerHasNotStartedYet", func(t *testing.T) {
		t.Parallel()
		b := watchtest.New(t, c)
		m, shown := meterOf(t, b, time.Hour)
		require.NoError(t, m.measure(t.Context()))
		require.Contains(t, shown(), `amends_queue_without_worker{queue="`+b.Queue("order")+"\"} 0\n")
	})

	t.Run("ShowsThatItFailsAndWhatItStillCanMeasure", func(t *testing.T) {
		t.Parallel()
		nowhere, err := engine.Dial(engine.Options{Address: "127.0.0.1:1", Isolated: true})
		require.NoError(t, err)
		t.Cleanup(nowhere.Close)
		b := watchtest.New(t, nowhere)
		b.Flag(t, time.Now().UTC())
		m, shown := meterOf(t, b, 300*time.Millisecond)
		require.Error(t, m.measure(t.Context()))
		text := shown()
		require.Contains(t, text, "\namends_orders_measure_failures_total 1\n")
		require.Contains(t, text, "\namends_orders_needing_attention 1\n")
		require.Contains(t, text, "\namends_orders_measured_timestamp_seconds 0\n", "it has never been measured as a whole")
	})
}

func TestAcknowledgedOrdersAreNotCounted(t *testing.T) {
	t.Parallel()
	b := watchtest.New(t, nil)
	acknowledged := b.Flag(t, time.Now().UTC())
	_, err := b.Store.Cancel(t.Context(), key.New(acknowledged, "order.cancel"), order.Closing{Reason: order.Internal})
	require.NoError(t, err)
	_, err = b.Store.Acknowledge(t.Context(), key.New(acknowledged, "order.acknowledge"),
		ledger.Acknowledgement{Reason: "read the log", Operator: "night", At: time.Now().UTC()})
	require.NoError(t, err)
	b.Flag(t, time.Now().UTC())

	m, shown := meterOf(t, b, time.Hour)
	require.NoError(t, m.attention(t.Context()))
	require.Contains(t, shown(), "\namends_orders_needing_attention 1\n")
}
