package telemetry_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/telemetry"
)

func TestRoutesAreCountedBySide(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(t.Context())) })
	r, err := m.Routes()
	require.NoError(t, err)
	r.Answered("products", "legacy", 200, 30*time.Millisecond)
	r.Compared("products", "differ")
	r.CutBack("products")

	shown := scrape(t, m.Handler())
	for _, line := range []string{
		`amends_route_requests_total{code="200",route="products",side="legacy"} 1`,
		`amends_route_duration_seconds_count{route="products",side="legacy"} 1`,
		`amends_route_compared_total{result="differ",route="products"} 1`,
		`amends_route_cut_back_total{route="products"} 1`,
	} {
		require.Contains(t, shown, line)
	}
}
