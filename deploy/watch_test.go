package deploy

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// watchFile is a project of its own beside the platform's: it is started after it, and may be
// stopped alone.
const watchFile = "observability/compose.yaml"

func TestWatchingTakesNothingFromThePlatform(t *testing.T) {
	t.Parallel()
	watch, platform := load(t, watchFile), load(t, platformFile)
	require.NotEqual(t, platform.Name, watch.Name, "its end would be the platform's")
	require.Equal(t, map[string]network{"default": {Name: platform.Name + "_default", External: true}}, watch.Networks, "it finds the processes by their names")
	published := regexp.MustCompile(`^(127\.0\.0\.1:\d+):\d+$`)
	taken := map[string]string{}
	for name, s := range loadAll(t) {
		for _, port := range s.Ports {
			taken[published.FindStringSubmatch(port)[1]] = name
		}
	}
	for name, s := range watch.Services {
		require.NotContains(t, loadAll(t), name, "two containers have this name in the network")
		require.Equal(t, "unless-stopped", s.Restart, name)
		require.Regexp(t, pinned, s.Image, name)
		require.Equal(t, []string{"ALL"}, s.CapDrop, name)
		require.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		require.NotEmpty(t, s.Deploy.Resources.Limits.CPUs, name)
		require.Regexp(t, `^\d+[MG]$`, s.Deploy.Resources.Limits.Memory, name)
		require.Positive(t, s.Deploy.Resources.Limits.PIDs, name)
		for _, port := range s.Ports {
			m := published.FindStringSubmatch(port)
			require.NotNil(t, m, "%s: %s", name, port)
			require.Empty(t, taken[m[1]], "%s takes port %s too", name, m[1])
			taken[m[1]] = name
		}
		for on, d := range s.DependsOn {
			require.Equal(t, "service_healthy", d.Condition, name)
			require.NotNil(t, watch.Services[on].Healthcheck, "%s on %s", name, on)
		}
	}
}

// mounts returns the files and folders of a service by their places in its container.
func mounts(t *testing.T, name string) map[string]string {
	t.Helper()
	file, all := load(t, watchFile), map[string]string{}
	for _, volume := range file.Services[name].Volumes {
		source, target, found := strings.Cut(volume, ":")
		require.True(t, found, volume)
		if !strings.HasPrefix(source, ".") {
			require.Contains(t, file.Volumes, source, name)
			continue
		}
		target, found = strings.CutSuffix(target, ":ro")
		require.True(t, found, "%s: %s", name, volume)
		source = filepath.Join(filepath.Dir(watchFile), source)
		_, err := os.Stat(source)
		require.NoError(t, err, name)
		all[target] = source
	}
	return all
}

// TestEveryPartOfTheWatchIsFound follows every path and address from one file to the
// next: of Prometheus, its rules, Grafana, its dashboards, the collector.
func TestEveryPartOfTheWatchIsFound(t *testing.T) {
	t.Parallel()
	services := load(t, watchFile).Services
	prometheus, grafana := mounts(t, "prometheus"), mounts(t, "grafana")
	flag := func(name, key string) string {
		t.Helper()
		i := slices.IndexFunc(services[name].Command, func(s string) bool { return strings.HasPrefix(s, key+"=") })
		require.NotEqual(t, -1, i, "%s %s", name, key)
		return strings.TrimPrefix(services[name].Command[i], key+"=")
	}
	config := flag("prometheus", "--config.file")
	require.Equal(t, "observability/prometheus/prometheus.yaml", prometheus[config])
	require.Equal(t, alertsFile, prometheus[path.Join(path.Dir(config), "alerts.yaml")])
	var scraping struct {
		RuleFiles []string         `yaml:"rule_files"`
		Global    map[string]any   `yaml:"global"`
		Scrape    []map[string]any `yaml:"scrape_configs"`
	}
	decode(t, prometheus[config], &scraping)
	require.Equal(t, []string{"alerts.yaml"}, scraping.RuleFiles)
	require.Equal(t, step.String(), scraping.Global["evaluation_interval"])

	var sources struct {
		APIVersion  int              `yaml:"apiVersion"` //nolint:tagliatelle // Grafana's format
		Datasources []map[string]any `yaml:"datasources"`
	}
	provisioning := grafana["/etc/grafana/provisioning"]
	decode(t, one(t, provisioning, "datasources"), &sources)
	require.Equal(t, "prometheus", sources.Datasources[0]["uid"], "that of the panels")
	address, _ := sources.Datasources[0]["url"].(string)
	at, err := url.Parse(address)
	require.NoError(t, err)
	require.Equal(t, "prometheus", at.Hostname())
	require.True(t, strings.HasSuffix(services["prometheus"].Ports[0], ":"+at.Port()), "the port that is published is Prometheus's")
	var folders struct {
		APIVersion int `yaml:"apiVersion"` //nolint:tagliatelle // Grafana's format
		Providers  []struct {
			Name         string            `yaml:"name"`
			Folder       string            `yaml:"folder"`
			Type         string            `yaml:"type"`
			NoDeletion   bool              `yaml:"disableDeletion"` //nolint:tagliatelle // Grafana's format
			AllowUpdates bool              `yaml:"allowUiUpdates"`  //nolint:tagliatelle // Grafana's format
			Options      map[string]string `yaml:"options"`
		} `yaml:"providers"`
	}
	decode(t, one(t, provisioning, "dashboards"), &folders)
	require.Equal(t, "observability/grafana/dashboards", grafana[folders.Providers[0].Options["path"]])
}

// one returns the file of a folder that has no other.
func one(t *testing.T, folder ...string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(append(folder, "*.yaml")...))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

// endpoint is an address on which the collector listens.
type endpoint struct {
	Endpoint string `yaml:"endpoint"`
}

// collector has the keys of the collector's format that its file uses.
type collector struct {
	Receivers  map[string]struct{ Protocols map[string]endpoint } `yaml:"receivers"`
	Processors map[string]map[string]any                          `yaml:"processors"`
	Exporters  map[string]map[string]any                          `yaml:"exporters"`
	Extensions map[string]endpoint                                `yaml:"extensions"`
	Service    struct {
		Extensions []string `yaml:"extensions"`
		Telemetry  struct {
			Metrics struct {
				Readers []struct {
					Pull struct {
						Exporter struct {
							Prometheus struct {
								Host string `yaml:"host"`
								Port int    `yaml:"port"`
							} `yaml:"prometheus"`
						} `yaml:"exporter"`
					} `yaml:"pull"`
				} `yaml:"readers"`
			} `yaml:"metrics"`
		} `yaml:"telemetry"`
		Pipelines map[string]struct {
			Receivers  []string `yaml:"receivers"`
			Processors []string `yaml:"processors"`
			Exporters  []string `yaml:"exporters"`
		} `yaml:"pipelines"`
	} `yaml:"service"`
}

// TestTracesReachTheCollector: the platform sends them where it listens, and each part of its
// pipeline is one of its own.
func TestTracesReachTheCollector(t *testing.T) {
	t.Parallel()
	config, found := strings.CutPrefix(load(t, watchFile).Services["collector"].Command[0], "--config=")
	require.True(t, found)
	var c collector
	decode(t, mounts(t, "collector")[config], &c)
	traces := c.Service.Pipelines["traces"]
	for _, name := range traces.Receivers {
		require.Contains(t, c.Receivers, name)
	}
	for _, name := range traces.Processors {
		require.Contains(t, c.Processors, name)
	}
	require.Equal(t, "memory_limiter", traces.Processors[0], "it must be the first, to refuse what would not fit")
	for _, name := range traces.Exporters {
		require.Contains(t, c.Exporters, name)
	}
	for _, name := range c.Service.Extensions {
		require.Contains(t, c.Extensions, name)
	}
	listens := "0.0.0.0" + strings.TrimPrefix(interpolate(load(t, platformFile).Services["api"].Environment["OTEL_EXPORTER_OTLP_ENDPOINT"]), "http://collector")
	require.Equal(t, listens, c.Receivers["otlp"].Protocols["http"].Endpoint)
	metrics := c.Service.Telemetry.Metrics.Readers[0].Pull.Exporter.Prometheus
	require.Equal(t, "0.0.0.0", metrics.Host, "Prometheus is another container")
	text, err := os.ReadFile("observability/prometheus/prometheus.yaml")
	require.NoError(t, err)
	require.Contains(t, string(text), "collector:"+strconv.Itoa(metrics.Port))
}
