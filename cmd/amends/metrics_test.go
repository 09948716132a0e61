package main

import (
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// documented is a row of docs/metrics.md.
type documented struct {
	labels []string
	kind   string
	// when is the condition under which a platform has it; "": always.
	when string
}

// described returns the rows of docs/metrics.md: name, labels, kind, when, meaning.
func described(t *testing.T) map[string]documented {
	t.Helper()
	text, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	all := map[string]documented{}
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]*) \\| (counter|gauge|histogram) \\| ([^|]*) \\| ([^|]*) \\|$")
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		require.NotContains(t, all, m[1], "twice")
		require.NotEmpty(t, strings.TrimSpace(m[5]), m[1])
		d := documented{kind: m[3], when: strings.TrimSpace(m[4])}
		for _, label := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(m[2], -1) {
			d.labels = append(d.labels, label[1])
		}
		slices.Sort(d.labels)
		all[m[1]] = d
	}
	return all
}

// foreignMetrics are the metrics of Go, the process and Prometheus's handler, which their own
// documentation lists.
var foreignMetrics = regexp.MustCompile(`^(go|process|promhttp)_`)

// exposed returns the metrics on a page with their kinds and labels.
func exposed(page string) map[string]documented {
	all := map[string]documented{}
	kind := regexp.MustCompile(`^# TYPE (\w+) (\w+)$`)
	name := ""
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if m := kind.FindStringSubmatch(line); m != nil {
			if name = m[1]; !foreignMetrics.MatchString(name) {
				all[name] = documented{kind: m[2]}
			}
			continue
		}
		d, wanted := all[name]
		if !wanted || strings.HasPrefix(line, "#") {
			continue
		}
		labels := map[string]bool{}
		for _, label := range d.labels {
			labels[label] = true
		}
		if _, list, found := strings.Cut(line, "{"); found {
			for _, m := range regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`).FindAllStringSubmatch(list, -1) {
				if m[1] != "le" {
					labels[m[1]] = true
				}
			}
		}
		d.labels = slices.Sorted(maps.Keys(labels))
		all[name] = d
	}
	return all
}

// TestTheMetricsAreThoseOfThePage compares docs/metrics.md with a platform that has taken
// orders, and has been asked for what fails. A metric that needs a condition of its own,
// such as certificates, may be missing; none may be there that the page does not have.
func TestTheMetricsAreThoseOfThePage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startDev(t, dir)
	place(t, p.api, "1", "tok_visa", true)
	place(t, p.api, "2", "tok_declined", true)
	engine := engineOf(t, dir)
	_, err := once(t, nil, "doctor", "--temporal-address", engine, "--pause", "10ms")
	require.ErrorContains(t, err, "0 orders judged", "they are too young")
	call(t, http.MethodGet, p.api+"/v1/products", "", nil)
	call(t, http.MethodGet, p.api+"/v1/stock/MUG-STONEWARE", "", nil)

	want := described(t)
	require.Eventually(t, func() bool {
		_, page := call(t, http.MethodGet, p.admin+"/metrics", "", nil)
		found := exposed(text(t, page["text"]))
		for name, d := range want {
			if _, there := found[name]; !there && d.when == "" {
				return false
			}
		}
		return true
	}, patience, time.Second, "a metric of the page is missing; if it needs a condition, the page must say so")

	_, page := call(t, http.MethodGet, p.admin+"/metrics", "", nil)
	for name, d := range exposed(text(t, page["text"])) {
		row, there := want[name]
		require.True(t, there, "docs/metrics.md does not have %s %v", name, d)
		require.Equal(t, row.kind, d.kind, name)
		require.Subset(t, row.labels, d.labels, name)
		if row.when == "" {
			require.Equal(t, row.labels, d.labels, name)
		}
	}
}
