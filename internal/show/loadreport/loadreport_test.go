package loadreport_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/loadreport"
	"github.com/amends/amends/proof/load"
)

// screen is one that is wide enough for everything.
func screen(b *strings.Builder) show.Screen { return show.Screen{Writer: b, Width: 200} }

func TestAnInterruptedLoadSaysWhatItDidNotCheck(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, loadreport.Write(screen(&b), load.Report{Placed: 30, Acknowledged: 28, Decided: 20, Unchecked: 30}))
	require.Contains(t, b.String(), "20, as customers were told")
	require.Contains(t, b.String(), "30 of 30 orders were not checked")
	b.Reset()
	require.NoError(t, loadreport.Write(screen(&b), load.Report{Placed: 30, Acknowledged: 30, Decided: 30, DecidedPerSecond: 12}))
	require.Contains(t, b.String(), "30, 12.0/s")
	require.NotContains(t, b.String(), "not checked")
}

func TestAnOverloadIsATable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, loadreport.Write(screen(&b), load.Report{Placed: 30, Acknowledged: 30}))
	require.NotContains(t, b.String(), "OVERLOAD")
	b.Reset()
	require.NoError(t, loadreport.Write(screen(&b), load.Report{
		Placed: 40, Acknowledged: 20, GivenUp: 20, Overload: load.Overload{Answers: 70, TurnedAway: 19, Unknown: 1, InTime: 15},
	}))
	for _, row := range []string{
		"acknowledged                     │     20 │  50.0 %", "of these decided in time       │     15 │  75.0 %",
		"turned away, nothing was started │     19 │  47.5 %", "unknown                          │      1 │   2.5 %", "70 requests were answered OVERLOADED",
	} {
		require.Contains(t, b.String(), row)
	}
	require.NotContains(t, b.String(), "browsing")
	b.Reset()
	require.NoError(t, loadreport.Write(screen(&b), load.Report{
		Placed: 40, Acknowledged: 20, GivenUp: 20, Overload: load.Overload{TurnedAway: 19, Unknown: 1},
		Cancels:  []load.Count{{Name: "ACCEPTED", Count: 3}, {Name: "PAST_PIVOT", Count: 2}, {Name: load.CancelUnanswered, Count: 1}},
		Browsing: load.Browsing{Asked: 100, Answered: 10, GaveWay: 88, Failed: 2},
	}))
	for _, row := range []string{
		"cancels    │     6 │      5 │        0 │       1", "placements │    40 │     20 │       19 │       1", "browsing   │   100 │     10 │       88 │       2",
	} {
		require.Contains(t, b.String(), row)
	}
}
