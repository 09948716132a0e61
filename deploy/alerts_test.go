package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// series is a file of observability/testdata: the samples of a platform, and the alerts
// that they are the reason for.
type series struct {
	// Recorded: from a running platform, by proof/alerts. Otherwise the file is written
	// by hand, and its comment says why.
	Recorded bool          `yaml:"recorded"`
	Interval time.Duration `yaml:"interval"`
	// SilentUntil is when the fault begins: up to then no alert fires.
	SilentUntil time.Duration `yaml:"silent_until"`
	FiresAt     time.Duration `yaml:"fires_at"`
	Fires       []string      `yaml:"fires"`
	Series      []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"series"`
}

func allSeries(t *testing.T) map[string]series {
	t.Helper()
	files, err := filepath.Glob("observability/testdata/*.yaml")
	require.NoError(t, err)
	all := map[string]series{}
	for _, path := range files {
		var s series
		decode(t, path, &s)
		all[strings.TrimSuffix(filepath.Base(path), ".yaml")] = s
	}
	return all
}

const step = 15 * time.Second // between two evaluations, as in prometheus.yaml

// TestAlertsFireOnTheirFaultAlone runs the alerts over each file: none fires before the
// fault, and at the end those that the file names fire, and no other.
func TestAlertsFireOnTheirFaultAlone(t *testing.T) {
	t.Parallel()
	for name, s := range allSeries(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := promtool(t, "test", "rules", unitTest(t, s))
			require.NoError(t, err, out)
		})
	}
}

// unitTest writes the file that promtool runs.
func unitTest(t *testing.T, s series) string {
	t.Helper()
	rules, err := filepath.Abs(alertsFile)
	require.NoError(t, err)
	const firing = `group by (alertname) (ALERTS{alertstate="firing"})`
	var checks []map[string]any
	for at := time.Duration(0); at <= s.SilentUntil; at += step {
		checks = append(checks, map[string]any{"expr": firing, "eval_time": at.String(), "exp_samples": []any{}})
	}
	samples := []any{}
	for _, alert := range s.Fires {
		samples = append(samples, map[string]any{"labels": fmt.Sprintf("{alertname=%q}", alert), "value": 1})
	}
	checks = append(checks, map[string]any{"expr": firing, "eval_time": s.FiresAt.Truncate(step).String(), "exp_samples": samples})
	text, err := yaml.Marshal(map[string]any{
		"rule_files": []string{rules}, "evaluation_interval": step.String(),
		"tests": []map[string]any{{"interval": s.Interval.String(), "input_series": s.Series, "promql_expr_test": checks}},
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "test.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func TestEveryAlertFires(t *testing.T) {
	t.Parallel()
	_, names := alerts(t)
	fired := map[string]bool{}
	healthy := false
	for name, s := range allSeries(t) {
		require.NotEmpty(t, s.Series, name)
		for _, alert := range s.Fires {
			require.Contains(t, names, alert, name)
			fired[alert] = true
		}
		healthy = healthy || s.Recorded && len(s.Fires) == 0 && s.SilentUntil >= time.Hour
	}
	for _, name := range names {
		require.True(t, fired[name], "no file of observability/testdata is the reason for %s", name)
	}
	require.True(t, healthy, "no healthy period is recorded")
}

// TestTheSeriesAreOfMetricsThatExist: a renamed metric would leave its alert silent, and
// its test green.
func TestTheSeriesAreOfMetricsThatExist(t *testing.T) {
	t.Parallel()
	known := metrics(t)
	for name, s := range allSeries(t) {
		for _, line := range s.Series {
			checkQuery(t, known, nil, line.Series, name)
		}
	}
}
