package e2e_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/loadreport"
	"github.com/amends/amends/proof/load"
)

var overloadFor = flag.Duration("overload.for", 0, "how long a platform gets three times the orders that it can decide; 0: none")

// TestOrdersComeBeforeBrowsing measures how many orders a platform decides, and asks it for
// three times as many, for as many products, and for cancels, at the same time. `make prove`
// runs it.
func TestOrdersComeBeforeBrowsing(t *testing.T) { //nolint:paralleltest // it measures
	if *overloadFor == 0 {
		return // not skipped: nothing is missing
	}
	p := startDev(t, t.TempDir())
	// After a warm-up, so that the capacity is not that of cold caches.
	var capacity float64
	for _, orders := range []int{100, 400} {
		r, err := load.Run(t.Context(), load.Options{BaseURL: p.url, Orders: orders, Concurrency: 32})
		require.NoError(t, err)
		require.NoError(t, r.Err())
		capacity = r.DecidedPerSecond
	}
	began := time.Now()
	r, err := load.Run(t.Context(), load.Options{
		BaseURL: p.url, Duration: *overloadFor, Rate: 3 * capacity, Browse: 3 * capacity, Seed: 1,
		Until: load.UntilAcknowledged, LeaveOverloaded: true, Mix: load.Mix{load.Cancelled: 10},
	})
	require.NoError(t, err)
	var report strings.Builder
	require.NoError(t, loadreport.Write(show.Screen{Writer: &report, Width: 120}, r))
	t.Logf("overload: capacity %.1f orders/s, %.1f/s and as many products asked for during %s\n%s",
		capacity, 3*capacity, time.Since(began).Round(time.Second), report.String())

	require.NoError(t, r.Err(), "every acknowledged order ends as it must")
	require.Zero(t, r.Overload.Unknown)
	require.Positive(t, r.Overload.TurnedAway, "it was too much")
	for _, c := range r.Cancels {
		require.NotEqual(t, load.CancelUnanswered, c.Name)
	}
	require.Zero(t, r.Browsing.Failed)
	share := func(n, of int) float64 { return float64(n) / float64(of) }
	require.Less(t, share(r.Browsing.Answered, r.Browsing.Asked), share(r.Acknowledged, r.Placed), "browsing gives way first")
	require.Greater(t, r.AcknowledgedPerSecond, capacity/2, "the platform goes on")
}
