package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const folder = "../../deploy/observability/grafana/dashboards"

// answering is a Prometheus that answers every query alike.
func answering(t *testing.T, status int, answer string) options {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query_range" || r.FormValue("query") == "" {
			status, answer = http.StatusNotFound, `{"error": "no query"}`
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer) // the test would miss it
	}))
	t.Cleanup(server.Close)
	return options{prometheus: server.URL, dashboards: folder, out: t.TempDir(), to: time.Unix(1000, 0), past: 90 * time.Second}
}

// words returns the texts of a picture, which must be well-formed.
func words(t *testing.T, file string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	decoder := xml.NewDecoder(strings.NewReader(string(text)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err, file)
		if data, is := token.(xml.CharData); is {
			all = append(all, string(data))
		}
	}
}

func boards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.json")
	require.NoError(t, err)
	require.Len(t, files, 5)
	all := map[string]dashboard{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var d dashboard
		require.NoError(t, json.Unmarshal(text, &d))
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = d
	}
	return all
}

func TestEveryPanelIsInThePicture(t *testing.T) {
	t.Parallel()
	o := answering(t, http.StatusOK, `{"status": "success", "data": {"result": [
		{"metric": {"service": "<payment>"}, "values": [[910, "1"], [911, "2.5"]]}, {"metric": {}, "values": [[910, "NaN"]]}]}}`)
	var told strings.Builder
	require.NoError(t, run(t.Context(), o, &told))
	for name, d := range boards(t) {
		found := words(t, filepath.Join(o.out, name+".svg"))
		require.Contains(t, found, d.Title)
		require.Contains(t, told.String(), fmt.Sprintf("%s.svg: %d panels; without data: \n", name, len(d.Panels)))
		require.NotContains(t, found, "No data")
		for _, p := range d.Panels {
			require.Contains(t, found, p.Title, name)
		}
	}
	require.Contains(t, words(t, filepath.Join(o.out, "events.svg")), "<payment>  2.5 s", "the label, the last value, the unit")
}

func TestAPanelWithoutNumbersHasNoData(t *testing.T) {
	t.Parallel()
	o := answering(t, http.StatusOK, `{"status": "success", "data": {"result": [{"metric": {}, "values": [[910, "NaN"], [911, "+Inf"]]}]}}`)
	var told strings.Builder
	require.NoError(t, run(t.Context(), o, &told))
	for name, d := range boards(t) {
		found := strings.Join(words(t, filepath.Join(o.out, name+".svg")), "|")
		require.Equal(t, len(d.Panels), strings.Count(found, "No data"), name)
		require.Contains(t, told.String(), "without data: "+d.Panels[0].Title+", "+d.Panels[1].Title)
	}
}

func TestARefusedQueryIsNamed(t *testing.T) {
	t.Parallel()
	o := answering(t, http.StatusBadRequest, `{"status": "error", "error": "parse error: unexpected end"}`)
	err := run(t.Context(), o, io.Discard)
	require.ErrorContains(t, err, "amends: engine: Workflows ended: 400 Bad Request: parse error: unexpected end")
	o.dashboards = t.TempDir()
	require.ErrorContains(t, run(t.Context(), o, io.Discard), "has no dashboards")
}

// TestAFailureIsNotAnAnswerWithoutData: a proxy between Prometheus and its reader fails in
// words of its own.
func TestAFailureIsNotAnAnswerWithoutData(t *testing.T) {
	t.Parallel()
	for answer, status := range map[string]int{
		`{}`:                         http.StatusServiceUnavailable,
		`{"message": "no upstream"}`: http.StatusBadGateway,
		`{"status": "error"}`:        http.StatusOK,
		`{"version": "12.1.0"}`:      http.StatusOK,
	} {
		err := run(t.Context(), answering(t, status, answer), io.Discard)
		require.ErrorContains(t, err, fmt.Sprintf("amends: engine: Workflows ended: %d %s", status, http.StatusText(status)), answer)
	}
}

// TestALineIsInterrupted: a straight line over a gap would show what was not measured.
func TestALineIsInterrupted(t *testing.T) {
	t.Parallel()
	o := answering(t, http.StatusOK, `{"status": "success", "data": {"result": [{"metric": {}, "values": [
		[910, "0"], [911, "1"], [912, "NaN"], [913, "1"], [914, "0"], [950, "1"]]}]}}`)
	d := dashboard{Panels: []*panel{{Type: "timeseries", Targets: []struct{ Expr, LegendFormat string }{{Expr: "x"}}}}}
	d.Panels[0].FieldConfig.Defaults.Unit = "short"
	empty, err := d.fill(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, empty)
	v := drawn{Width: 64 + 90 + 12, Height: 44 + 100 + 24 + 14} // a pixel for each second, a hundred for the axis
	v.plot(d.Panels[0], o)
	require.Equal(t, "M64 144L65 44M67 44L68 144M104 44", v.Curves[0].Text)
}

// TestAnAxisShowsEveryValue: one that begins at 0 would hide a clock that is behind.
func TestAnAxisShowsEveryValue(t *testing.T) {
	t.Parallel()
	signed := map[string]bool{"services: Clocks": true, "services: Certificates": true, "events: Listeners: behind": true}
	for name, d := range boards(t) {
		for _, p := range d.Panels {
			where := name + ": " + p.Title
			require.Contains(t, units, p.FieldConfig.Defaults.Unit, where)
			require.Equal(t, signed[where], p.FieldConfig.Defaults.Min == nil, where)
			if !signed[where] {
				require.Zero(t, *p.FieldConfig.Defaults.Min, where)
			}
		}
	}
}
