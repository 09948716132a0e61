package telemetry_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/telemetry"
)

func TestLogger(t *testing.T) {
	t.Parallel()

	t.Run("WritesFromItsLevelOnInItsFormat", func(t *testing.T) {
		t.Parallel()
		for format, want := range map[string]string{"text": "level=WARN msg=kept saga=o1\n", "json": `"level":"WARN","msg":"kept","saga":"o1"}` + "\n"} {
			var out strings.Builder
			log, err := telemetry.NewLogger(&out, "warn", format)
			require.NoError(t, err)
			log.Info("dropped")
			log.Warn("kept", "saga", "o1")
			require.Equal(t, 1, strings.Count(out.String(), "\n"))
			require.Contains(t, out.String(), want)
		}
	})

	t.Run("RefusesWhatItDoesNotKnow", func(t *testing.T) {
		t.Parallel()
		_, err := telemetry.NewLogger(nil, "loud", "text")
		require.EqualError(t, err, `log level "loud": must be debug, info, warn or error`)
		_, err = telemetry.NewLogger(nil, "info", "xml")
		require.EqualError(t, err, `log format "xml": must be text or json`)
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	other, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err, "two in one process do not meet")
	t.Cleanup(func() {
		require.NoError(t, m.Close(t.Context()))
		require.NoError(t, other.Close(t.Context()))
	})

	m.Request("GET", "/v1/orders/:id", 200, 30*time.Millisecond)
	m.Temporal().WithTags(map[string]string{"activity_type": "inventory.reserve"}).Timer("temporal_activity_execution_latency").Record(2 * time.Second)
	m.Temporal().Counter("temporal_workflow_completed").Inc(3)

	shown := scrape(t, m.Handler())
	require.Contains(t, shown, `amends_http_request_seconds_bucket{code="200",method="GET",route="/v1/orders/:id",le="0.05"} 1`)
	require.Contains(t, shown, `amends_http_request_seconds_bucket{code="200",method="GET",route="/v1/orders/:id",le="0.025"} 0`)
	require.Contains(t, shown, `temporal_activity_execution_latency_seconds_sum{activity_type="inventory.reserve"} 2`)
	require.Contains(t, shown, "temporal_workflow_completed_total 3")
	require.Contains(t, shown, "go_goroutines ")
	require.NotContains(t, scrape(t, other.Handler()), "temporal_workflow_completed")
}

func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}

func TestOrders(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(t.Context())) })
	require.NotContains(t, scrape(t, m.Handler()), "amends_orders", "nobody measures here")

	o, err := m.Orders()
	require.NoError(t, err)
	_, err = m.Orders()
	require.Error(t, err, "there is one of them in a process")
	o.Attention(3)
	o.Stuck(map[string]int{"late": 2, "no_worker": 0}, 7)
	o.StuckSince(time.Time{}, nil)
	require.Contains(t, scrape(t, m.Handler()), "\namends_orders_stuck_since_timestamp_seconds 0\n")
	o.StuckSince(time.UnixMilli(1_700_000_000_500), []int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0})
	o.Queue("payment", true)
	o.Queue("order", false)
	o.Measured(time.UnixMilli(1_700_000_000_500), 1500*time.Millisecond)
	o.Failed()
	shown := scrape(t, m.Handler())
	for _, line := range []string{
		"amends_orders_needing_attention 3", `amends_orders_stuck{cause="late"} 2`, `amends_orders_stuck{cause="no_worker"} 0`,
		"amends_orders_stuck_since_timestamp_seconds 1.7000000005e+09", "amends_orders_stuck_last_hour 1",
		`amends_orders_stuck_arrived{minutes_ago="0"} 0`, `amends_orders_stuck_arrived{minutes_ago="5"} 1`, `amends_orders_stuck_arrived{minutes_ago="55"} 0`,
		"amends_orders_unexamined 7", `amends_queue_without_worker{queue="payment"} 1`, `amends_queue_without_worker{queue="order"} 0`,
		"amends_orders_measured_timestamp_seconds 1.7000000005e+09", "amends_orders_measure_seconds 1.5", "amends_orders_measure_failures_total 1",
	} {
		require.Contains(t, shown, "\n"+line+"\n")
	}
}

func TestPlacements(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(t.Context())) })
	now := telemetry.Placements{Limit: 16, InFlight: 3, Waiting: 2, Backlog: 1500 * time.Millisecond, Busy: 4, Backlogged: 5}
	require.NoError(t, m.Placements(func() telemetry.Placements { return now }))
	require.Error(t, m.Placements(func() telemetry.Placements { return now }), "there is one of them in a process")
	shown := scrape(t, m.Handler())
	for _, line := range []string{
		"amends_placements_limit 16", "amends_placements_in_flight 3", "amends_placements_waiting 2", "amends_placements_backlog_seconds 1.5",
		`amends_placements_refused_total{cause="busy"} 4`, `amends_placements_refused_total{cause="backlog"} 5`,
	} {
		require.Contains(t, shown, "\n"+line+"\n")
	}
}

func TestListenersAreMeasuredByGroup(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	l, err := m.Listeners()
	require.NoError(t, err)
	l.Handled("payment", 3)
	l.Failed("payment", "bug")
	l.Stand("payment", 2, 1, time.Unix(1700000000, 0))
	l.Stand("order", 0, 0, time.Time{})
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`amends_events_handled_total{group="payment"} 3`, `amends_events_failed_total{group="payment",kind="bug"} 1`,
		`amends_events_waiting{group="payment"} 2`, `amends_events_dead{group="payment"} 1`,
		`amends_events_oldest_timestamp_seconds{group="payment"} 1.7e+09`, `amends_events_oldest_timestamp_seconds{group="order"} 0`,
	} {
		require.Contains(t, recorder.Body.String(), want+"\n")
	}
	require.NoError(t, m.Close(t.Context()))
}

func TestRequestsAreCountedByOperation(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(t.Context())) })
	r, err := m.Requests()
	require.NoError(t, err)
	require.NoError(t, r.Browsing(func() int64 { return 7 }))
	r.Answered("GetOrder", 200)
	r.Limited("place", "burst", false)
	r.Limited("place", "burst", true)
	r.Deprecated("GetOld", "shop")

	shown := scrape(t, m.Handler())
	for _, line := range []string{
		`amends_api_requests_total{code="200",operation="GetOrder"} 1`,
		`amends_api_limited_total{class="place",mode="enforce",quota="burst"} 1`,
		`amends_api_limited_total{class="place",mode="shadow",quota="burst"} 1`,
		`amends_api_deprecated_calls{consumer="shop",operation="GetOld"} 1`,
		`amends_browsing_refused_total 7`,
	} {
		require.Contains(t, shown, line)
	}
}
