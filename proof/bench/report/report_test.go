package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/bench/report"
)

// series returns rounds that measured these values of one metric.
func series(m report.Metric, values ...float64) report.Series {
	var s report.Series
	for _, v := range values {
		s = append(s, report.Sample{m: v})
	}
	return s
}

func TestMedianIsOfTheRoundsThatHaveIt(t *testing.T) {
	t.Parallel()
	stat, ok := append(series(report.CPU, 9, 1, 5), report.Sample{report.Events: 7}).Of(report.CPU)
	require.True(t, ok)
	require.Equal(t, report.Stat{Median: 5, Min: 1, Max: 9}, stat)

	stat, _ = series(report.CPU, 4, 1, 2, 100).Of(report.CPU)
	require.Equal(t, report.Stat{Median: 3, Min: 1, Max: 100}, stat)

	_, ok = series(report.CPU, 1).Of(report.EngineTx)
	require.False(t, ok)
}

func TestStatSaysItsEndsIfTheyDiffer(t *testing.T) {
	t.Parallel()
	require.Equal(t, "5.00 (1.00–12.3)", report.Stat{Median: 5, Min: 1, Max: 12.34}.String())
	require.Equal(t, "41.0", report.Stat{Median: 41, Min: 41.001, Max: 41}.String())
	require.Equal(t, "1234", report.Stat{Median: 1234.4, Min: 1234.4, Max: 1234.4}.String())
	require.Equal(t, "100", report.Stat{Median: 99.96, Min: 99.96, Max: 99.96}.String())
	require.Equal(t, "0.00", report.Stat{Median: -0.001, Min: -0.001, Max: 0.001}.String())
	require.Equal(t, "-2.64", report.Stat{Median: -2.64, Min: -2.64, Max: -2.64}.String())
}

func TestRatioNeedsBoth(t *testing.T) {
	t.Parallel()
	r, ok := report.Ratio(series(report.CPU, 3), series(report.CPU, 4), report.CPU)
	require.True(t, ok)
	require.InDelta(t, 0.75, r, 1e-9)
	for _, over := range []report.Series{nil, series(report.CPU, 0)} {
		_, ok = report.Ratio(series(report.CPU, 3), over, report.CPU)
		require.False(t, ok)
	}
}

func TestAims(t *testing.T) {
	t.Parallel()
	order := report.Series{{
		report.EngineTx: 25, report.Events: 20.1, report.WorkflowTasks: 2, report.CPU: 36, report.AckP50: 20, report.OrdersPerSecond: 30,
	}}
	naive := report.Series{{report.EngineTx: 90, report.CPU: 100, report.DecidedP50: 100, report.OrdersPerSecond: 10}}

	t.Run("AreMetUpToTheirLimit", func(t *testing.T) {
		t.Parallel()
		met := map[string]bool{}
		for _, a := range report.Aims(order, naive) {
			met[a.Is] = a.Met
		}
		require.Equal(t, map[string]bool{"25.0": true, "20.1": false, "2.00": true, "0.36": false, "0.20": true, "3.00": true}, met)
		slower := report.Series{{report.OrdersPerSecond: 29.9}}
		require.Equal(t, "missed", report.Aims(slower, naive)[5].Verdict())
	})

	t.Run("AreMissedWithoutAMeasurement", func(t *testing.T) {
		t.Parallel()
		for _, a := range append(report.Aims(nil, naive), report.Alone(nil, naive), report.Telling(nil, naive)) {
			require.Equal(t, "missed", a.Verdict(), a.What)
			require.Equal(t, "not measured", a.Is)
		}
	})

	t.Run("OfTheTimeAloneAreThoseToTheDecision", func(t *testing.T) {
		t.Parallel()
		for decided, verdict := range map[float64]string{45: "met", 46: "missed"} {
			require.Equal(t, verdict, report.Alone(series(report.DecidedP50, decided), naive).Verdict())
		}
	})

	t.Run("OfTellingAllowEightPerCentMoreCPU", func(t *testing.T) {
		t.Parallel()
		for cpu, verdict := range map[float64]string{108: "met", 109: "missed"} {
			require.Equal(t, verdict, report.Telling(series(report.CPU, cpu), naive).Verdict())
		}
	})

	t.Run("OfFlatnessGoBothWays", func(t *testing.T) {
		t.Parallel()
		early := report.Series{{report.EngineTx: 100, report.CPU: 100, report.EngineWAL: 100, report.ServiceTx: 100, report.ServiceWAL: 100}}
		late := report.Series{{report.EngineTx: 110, report.CPU: 89, report.EngineWAL: 111, report.ServiceTx: 90}}
		met := map[string]string{}
		for _, a := range report.Flat(early, late, 1, 2) {
			met[a.Is] = a.Verdict()
		}
		require.Equal(t, map[string]string{"1.10": "met", "0.89": "missed", "1.11": "missed", "0.90": "met", "not measured": "missed"}, met)
	})
}

func TestComparisonLeavesOutMetricsWithoutValues(t *testing.T) {
	t.Parallel()
	table := report.Comparison([]report.Contender{
		{Name: "floor-0", Rounds: series(report.Events, 5)},
		{Name: "floor-n", Rounds: series(report.Events, 40)},
		{Name: "order", Rounds: report.Series{{report.Events: 50, report.ServiceTrips: 80}}},
	})
	require.Equal(t, `| per order | floor-0 | floor-n | order | order / floor-n |
| --- | ---:| ---:| ---:| ---:|
| history events | 5.00 | 40.0 | 50.0 | 1.25 |
| service round trips | – | – | 80.0 | – |
`, table.Markdown())
	require.Contains(t, table.String(), "│ history events      │    5.00 │    40.0 │  50.0 │            1.25 │")
}

func TestVariantsHaveTheirRatioToTheFirst(t *testing.T) {
	t.Parallel()
	require.Equal(t, `| per order | order | split | mtls |
| --- | ---:| ---:| ---:|
| history events | 40.0 | 50.0 (1.25) | – |
| CPU of the broker, ms | – | 3.00 | – |
`, report.Variants([]report.Contender{
		{Name: "order", Rounds: series(report.Events, 30, 40, 50)},
		{Name: "split", Rounds: report.Series{{report.Events: 50, report.CPUBroker: 3}}},
		{Name: "mtls"},
	}).Markdown())
}

func TestChange(t *testing.T) {
	t.Parallel()
	require.Equal(t, "4.00, 5.00 (1.25)", report.Change(series(report.EngineWAL, 4), series(report.EngineWAL, 5), report.EngineWAL))
	require.Equal(t, "–", report.Change(nil, series(report.EngineWAL, 5), report.EngineWAL))
}

func TestVerdictsOfSeveralStandSideBySide(t *testing.T) {
	t.Parallel()
	aim := func(is string, met bool) []report.Aim {
		return []report.Aim{{What: "events", Limit: "at most 20.0", Is: is, Met: met}}
	}
	require.Equal(t, `| aim | limit | order | split |
| --- | ---:| ---:| ---:|
| events | at most 20.0 | 19.0, met | 21.0, missed |
`, report.VerdictsBeside([]report.Judged{{"order", aim("19.0", true)}, {"split", aim("21.0", false)}}).Markdown())
}

func TestSlope(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, report.Slope([]float64{0, 1, 2, 3}, []float64{5, 7, 9, 11}), 1e-9)
	require.InDelta(t, 0, report.Slope([]float64{0, 1, 2, 3}, []float64{4, 6, 6, 4}), 1e-9)
	require.Zero(t, report.Slope([]float64{1}, []float64{1}))
	require.Zero(t, report.Slope([]float64{1, 1}, []float64{1, 2}))
}

func TestWriteReplacesOneSection(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "benchmarks.md")
	read := func() string {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		return string(text)
	}
	require.NoError(t, report.Write(file, report.Flats, "first\n"))
	first := read()
	require.Contains(t, first, "<!-- flat: begin -->\nfirst\n<!-- flat: end -->")
	require.Contains(t, first, "<!-- soak: begin -->\nNot run.\n<!-- soak: end -->")

	// The text of authors and of other commands stays.
	require.NoError(t, os.WriteFile(file, []byte(first+"\n## By hand\n"), 0o600))
	require.NoError(t, report.Write(file, report.Soak, "soaked"))
	require.NoError(t, report.Write(file, report.Flats, "second\n\n"))
	require.Contains(t, read(), "<!-- flat: begin -->\nsecond\n<!-- flat: end -->")
	require.Contains(t, read(), "<!-- soak: begin -->\nsoaked\n<!-- soak: end -->")
	require.Contains(t, read(), "\n## By hand\n")

	require.NoError(t, os.WriteFile(file, []byte("no marks"), 0o600))
	require.ErrorContains(t, report.Write(file, report.Bench, "x"), `there is no mark "<!-- bench: begin -->"`)
	require.Equal(t, "no marks", read())
}
