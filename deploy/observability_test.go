package deploy

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// rules are the groups of a file of Prometheus.
type rules struct {
	Groups []struct {
		Name     string `yaml:"name"`
		Interval string `yaml:"interval,omitempty"`
		Rules    []rule `yaml:"rules"`
	} `yaml:"groups"`
}

type rule struct {
	Alert       string            `yaml:"alert,omitempty"`
	Record      string            `yaml:"record,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

const alertsFile = "observability/prometheus/alerts.yaml"

func decode(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	require.NoError(t, dec.Decode(into), path)
}

// alerts returns all rules, and the names of the alerts.
func alerts(t *testing.T) (all []rule, names []string) {
	t.Helper()
	var file rules
	decode(t, alertsFile, &file)
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			all = append(all, r)
			if r.Alert != "" {
				names = append(names, r.Alert)
			}
		}
	}
	return all, names
}

// promtool runs Prometheus's tool. Without it the test is skipped, except in CI.
func promtool(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "promtool is missing")
		t.Skip("promtool is missing: apt-get install prometheus")
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	return string(out), err
}

func TestPrometheusReadsItsFiles(t *testing.T) {
	t.Parallel()
	out, err := promtool(t, "check", "config", "observability/prometheus/prometheus.yaml")
	require.NoError(t, err, out)
	out, err = promtool(t, "check", "rules", alertsFile)
	require.NoError(t, err, out)
}

// TestEveryProcessIsScraped: a process that is not is silent, which looks like health.
func TestEveryProcessIsScraped(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("observability/prometheus/prometheus.yaml")
	require.NoError(t, err)
	var found []string
	for _, m := range regexp.MustCompile(`(?m)^          - (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		found = append(found, m[1])
	}
	var want []string
	for name, s := range load(t, platformFile).Services {
		if s.Environment["AMENDS_ADMIN_ADDR"] != "" {
			require.Equal(t, "0.0.0.0:9090", s.Environment["AMENDS_ADMIN_ADDR"], name)
			want = append(want, name)
		}
	}
	require.ElementsMatch(t, want, found)
}

func TestEveryAlertHasItsRunbook(t *testing.T) {
	t.Parallel()
	all, names := alerts(t)
	for _, r := range all {
		if r.Alert == "" {
			continue
		}
		require.Contains(t, []string{"page", "ticket"}, r.Labels["severity"], r.Alert)
		require.NotEmpty(t, r.Annotations["summary"], r.Alert)
		require.Equal(t, "https://github.com/amends/amends/blob/main/docs/runbooks/"+r.Alert+".md", r.Annotations["runbook_url"])
		text, err := os.ReadFile("../docs/runbooks/" + r.Alert + ".md")
		require.NoError(t, err)
		for _, heading := range []string{"# " + r.Alert + "\n", "\n## Meaning\n", "\n## Look at\n", "\n## Do\n"} {
			require.Contains(t, string(text), heading, r.Alert)
		}
	}
	books, err := filepath.Glob("../docs/runbooks/*.md")
	require.NoError(t, err)
	for _, path := range books {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		require.True(t, name == "README" || name == "restore" || slices.Contains(names, name), "%s is of no alert", path)
	}
}

// metric is a row of docs/metrics.md.
type metric struct {
	labels    []string
	histogram bool
}

// metrics returns the documented metrics.
func metrics(t *testing.T) map[string]metric {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	all := map[string]metric{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]*) \\| (counter|gauge|histogram) \\|").FindAllStringSubmatch(string(text), -1) {
		require.NotContains(t, all, m[1], "twice")
		var labels []string
		for _, label := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(m[2], -1) {
			labels = append(labels, label[1])
		}
		all[m[1]] = metric{labels, m[3] == "histogram"}
	}
	require.Greater(t, len(all), 50)
	return all
}

// scraped are the labels that Prometheus and its configuration add; own are metrics of
// Prometheus and of its client library, which the page does not list one by one.
var (
	scraped = []string{"instance", "job", "process", "le"}
	own     = []string{"up", "process_resident_memory_bytes", "process_cpu_seconds_total", "go_goroutines"}
)

// checkQuery parses a query and requires that its metrics and labels are documented.
// cmd/amends compares the documentation with a running platform.
func checkQuery(t *testing.T, known map[string]metric, records []string, query, where string) {
	t.Helper()
	used := metricsIn(query)
	require.NotEmpty(t, used, "%s: %s", where, query)
	labels := slices.Clone(scraped)
	for _, name := range used {
		if slices.Contains(own, name) || slices.Contains(records, name) {
			continue
		}
		base, part := name, false
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if cut, found := strings.CutSuffix(name, suffix); found && known[cut].histogram {
				base, part = cut, true
			}
		}
		m, found := known[base]
		require.True(t, found, "%s: docs/metrics.md does not have %s", where, name)
		require.Equal(t, m.histogram, part, "%s: %s", where, name)
		labels = append(labels, m.labels...)
	}
	for _, label := range labelsIn(query) {
		require.Contains(t, labels, label, "%s: %s", where, query)
	}
}

var (
	quoted   = regexp.MustCompile(`"[^"]*"`)
	selector = regexp.MustCompile(`\{[^}]*\}`)
	window   = regexp.MustCompile(`\[[^\]]*\]|\boffset\s+\w+`)
	grouping = regexp.MustCompile(`\b(by|without|on|ignoring)\s*\(([^)]*)\)`)
	word     = regexp.MustCompile(`[A-Za-z_:][A-Za-z0-9_:]*\s*\(?`)
	operator = []string{"and", "or", "unless", "by", "without", "on", "ignoring", "bool"}
)

// metricsIn returns the metrics in a query: the words that are no function, no operator and no
// label.
func metricsIn(query string) (all []string) {
	bare := quoted.ReplaceAllString(query, "")
	for _, r := range []*regexp.Regexp{selector, window, grouping} {
		bare = r.ReplaceAllString(bare, " ")
	}
	for _, found := range word.FindAllString(bare, -1) {
		if !strings.HasSuffix(found, "(") && !slices.Contains(operator, strings.TrimSpace(found)) {
			all = append(all, strings.TrimSpace(found))
		}
	}
	return all
}

// labelsIn returns the labels that a query selects or groups by.
func labelsIn(query string) (all []string) {
	bare := quoted.ReplaceAllString(query, `""`)
	for _, s := range selector.FindAllString(bare, -1) {
		for _, m := range regexp.MustCompile(`(\w+)\s*[=!]`).FindAllStringSubmatch(s, -1) {
			all = append(all, m[1])
		}
	}
	for _, g := range grouping.FindAllStringSubmatch(bare, -1) {
		for label := range strings.SplitSeq(g[2], ",") {
			if label = strings.TrimSpace(label); label != "" {
				all = append(all, label)
			}
		}
	}
	return all
}

func TestNamesInAQuery(t *testing.T) {
	t.Parallel()
	query := `1 - (sum by (le, a) (rate(x_bucket{le="1", c!~"and|y"}[5m])) / max(z)) and abs(time() - w:r5m) > 3`
	require.Equal(t, []string{"x_bucket", "z", "w:r5m"}, metricsIn(query))
	require.Equal(t, []string{"le", "c", "le", "a"}, labelsIn(query))
}

func recorded(all []rule) (names []string) {
	for _, r := range all {
		if r.Record != "" {
			names = append(names, r.Record)
		}
	}
	return names
}

func TestAlertsAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	all, _ := alerts(t)
	known := metrics(t)
	for _, r := range all {
		checkQuery(t, known, recorded(all), r.Expr, r.Alert+r.Record)
	}
}

// dashboard has the keys of Grafana's format that the dashboards use. Any other is an error.
type dashboard struct {
	UID           string          `json:"uid"`
	Title         string          `json:"title"`
	Tags          []string        `json:"tags"`
	Timezone      string          `json:"timezone"`
	SchemaVersion int             `json:"schemaVersion"` //nolint:tagliatelle // Grafana's format
	Version       int             `json:"version"`
	Refresh       string          `json:"refresh"`
	Time          json.RawMessage `json:"time"`
	Editable      bool            `json:"editable"`
	Annotations   json.RawMessage `json:"annotations"`
	Templating    json.RawMessage `json:"templating"`
	Links         json.RawMessage `json:"links"`
	Panels        []struct {
		ID          int             `json:"id"`
		Type        string          `json:"type"`
		Title       string          `json:"title"`
		Description string          `json:"description"`
		Datasource  source          `json:"datasource"`
		GridPos     grid            `json:"gridPos"`     //nolint:tagliatelle // Grafana's format
		FieldConfig json.RawMessage `json:"fieldConfig"` //nolint:tagliatelle // Grafana's format
		Options     json.RawMessage `json:"options"`
		Targets     []struct {
			RefID        string `json:"refId"` //nolint:tagliatelle // Grafana's format
			Datasource   source `json:"datasource"`
			Expr         string `json:"expr"`
			LegendFormat string `json:"legendFormat"` //nolint:tagliatelle // Grafana's format
		} `json:"targets"`
	} `json:"panels"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type grid struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob("observability/grafana/dashboards/*.json")
	require.NoError(t, err)
	all := map[string]dashboard{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var d dashboard
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&d), path)
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = d
	}
	return all
}

func TestDashboards(t *testing.T) {
	t.Parallel()
	all := dashboards(t)
	var found []string
	for name := range all {
		found = append(found, name)
	}
	require.ElementsMatch(t, []string{"saga", "services", "gateway", "events", "engine"}, found)
	known := metrics(t)
	ruled, _ := alerts(t)
	var parsed []rule
	for name, d := range all {
		require.Equal(t, "amends-"+name, d.UID)
		for i, panel := range d.Panels {
			where := name + ": " + panel.Title
			require.Equal(t, source{"prometheus", "prometheus"}, panel.Datasource, "that of the provisioning")
			require.NotEmpty(t, panel.Targets, where)
			for _, other := range d.Panels[:i] {
				require.NotEqual(t, other.ID, panel.ID, where)
				require.False(t, overlap(other.GridPos, panel.GridPos), "%s is over %s", where, other.Title)
			}
			for _, target := range panel.Targets {
				checkQuery(t, known, recorded(ruled), target.Expr, where)
				parsed = append(parsed, rule{Record: "a:query", Expr: target.Expr, Labels: map[string]string{"n": where + target.RefID}})
				for _, m := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(target.LegendFormat, -1) {
					require.True(t, slices.Contains(scraped, m[1]) || slices.Contains(labelsIn(target.Expr), m[1]), "%s: the legend has %s", where, m[1])
				}
			}
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []map[string]any{{"name": "dashboards", "rules": parsed}}})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "queries.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	out, err := promtool(t, "check", "rules", path)
	require.NoError(t, err, out)
}

func overlap(a, b grid) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}
