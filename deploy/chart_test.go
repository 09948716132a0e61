package deploy

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/worker/registry"
)

// TestTheChartHasEveryProcess: the chart's own tests compare what it renders with the
// generated list of callers, which has every service.
func TestTheChartHasEveryProcess(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("helm/amends/values.yaml")
	require.NoError(t, err)
	var values struct {
		Processes map[string]any `yaml:"processes"`
	}
	require.NoError(t, yaml.Unmarshal(text, &values))
	require.ElementsMatch(t, append(registry.Names(), "api"), slices.Collect(maps.Keys(values.Processes)))
}

// TestTheChangelogHasTheRelease: the chart names the release that is next, or was last.
func TestTheChangelogHasTheRelease(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("helm/amends/Chart.yaml")
	require.NoError(t, err)
	var chart struct {
		Version    string `yaml:"version"`
		AppVersion string `yaml:"appVersion"` //nolint:tagliatelle // Helm's format
	}
	require.NoError(t, yaml.Unmarshal(text, &chart))
	require.Equal(t, chart.AppVersion, chart.Version)
	changes, err := os.ReadFile("../CHANGELOG.md")
	require.NoError(t, err)
	require.Contains(t, string(changes), "\n## "+chart.AppVersion+"\n")
}
