package legacy_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/legacy"
)

const (
	score = `{"match": 998, "differ": 2, "error": 0, "dropped": 1, "skipped": 3, "legacy": {"requests": 1004, "errors": 1, "p50_ms": 2, "p99_ms": 9.5},
		"service": {"requests": 0, "errors": 0, "p50_ms": 0, "p99_ms": 0}, "copies": {"requests": 1000, "errors": 0, "p50_ms": 1, "p99_ms": 4}}`
	products = `"name": "products", "route": {"match": ["GET /v1/products/{sku}"], "mode": "canary", "percent": 12.5, "upstream": "monolith", "timeout": "3s",
		"gate": {"compared": 10, "differing": 0.01, "errors": 0.05, "least": 20, "window": "10s"}}, "score": ` + score
	all = `{"upstreams": [{"name": "monolith", "addresses": [{"url": "http://127.0.0.1:9901", "open": true}]}], "routes": [{` + products + `}],
		"changes": [{"at": "2026-01-02T03:04:05Z", "route": "products", "by": "night", "reason": "all the same", "forced": true,
			"changes": [{"field": "mode", "before": "shadow", "after": "canary"}, {"field": "percent", "before": "", "after": "12.5"}]}], "problem": "routes.yaml: x"}`
	details = `{` + products + `, "differences": [{"at": "2026-01-02T03:04:05Z", "method": "GET", "path": "/v1/products/:sku", "legacy": "{}", "service": "{}",
		"differences": [{"pointer": "/price/amount", "legacy": "1850", "service": "1851"}, {"pointer": "", "legacy": "JSON", "service": ""}]}]}`
	changed = `{"route": {"match": ["GET /v1/products/{sku}"], "upstream": "monolith"}, "changes": [{"field": "percent", "before": "12.5", "after": "50"}]}`
)

// desk is an admin address, and the bodies of the changes that it gets.
func desk(t *testing.T, answers map[string]string) (addr string, got chan string) {
	t.Helper()
	got = make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer night-night-night-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodGet {
			got <- string(body)
		}
		answer, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusConflict)
			answer = `{"type": "x", "title": "The route's gate is closed", "status": 409, "code": "ROUTE_NOT_READY", "detail": "3 of 1000 answers are compared.", "request_id": "r"}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), got
}

func run(t *testing.T, environ []string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := &cobra.Command{Use: "amends", SilenceUsage: true, SilenceErrors: true}
	root.PersistentFlags().String("config", "", "")
	root.AddCommand(legacy.Command(cli.Stdio{Out: &out, Err: &out, Environ: environ}))
	root.SetArgs(append([]string{"legacy"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

var operator = []string{"AMENDS_OPERATOR_TOKEN=night-night-night-1"}

func TestRoutes(t *testing.T) {
	t.Parallel()
	addr, _ := desk(t, map[string]string{"GET /v1/routes": all})
	out, err := run(t, operator, "routes", "--admin-addr", addr)
	require.NoError(t, err)
	for _, want := range []string{
		"products", "canary 12.5 %", "GET /v1/products/{sku}", "monolith\thttp://127.0.0.1:9901\tis left out, because it fails",
		"2026-01-02 03:04:05.000Z products by night, forced: mode shadow → canary, percent none → 12.5 (all the same)",
		"the file of routes is not used as it is: routes.yaml: x",
	} {
		require.Contains(t, out, want)
	}
	out, err = run(t, operator, "routes", "--json", "--admin-addr", addr)
	require.NoError(t, err)
	require.JSONEq(t, all, out)
}

func TestScore(t *testing.T) {
	t.Parallel()
	addr, _ := desk(t, map[string]string{"GET /v1/routes": all, "GET /v1/routes/products": details})
	out, err := run(t, operator, "score", "--admin-addr", addr)
	require.NoError(t, err)
	require.Contains(t, out, "products\tcanary 12.5 %\t998\t2\t0\t4\n")
	require.Contains(t, out, "products\tlegacy\t1004\t1\t2\t9.5\n")
	out, err = run(t, operator, "score", "products", "--admin-addr", addr)
	require.NoError(t, err)
	for _, want := range []string{"GET /v1/products/:sku\t/price/amount\t1850\t1851\n", "GET /v1/products/:sku\tthe body\tJSON\tnone\n"} {
		require.Contains(t, out, want)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	addr, got := desk(t, map[string]string{"GET /v1/routes/products": details, "PUT /v1/routes/products": changed})
	out, err := run(t, operator, "route", "set", "products", "--percent", "50", "--reason", "all the same", "--admin-addr", addr)
	require.NoError(t, err)
	require.Equal(t, "products: percent 12.5 → 50\n", out)
	var sent contract.SetRoute
	require.NoError(t, json.Unmarshal([]byte(<-got), &sent))
	require.Equal(t, "all the same", sent.Reason)
	require.False(t, *sent.Force)
	require.InDelta(t, 50, *sent.Route.Percent, 0)
	require.Equal(t, contract.RouteCanary, *sent.Route.Mode, "the other fields stay")
	require.EqualValues(t, 10, *sent.Route.Gate.Compared)

	closed, _ := desk(t, map[string]string{"GET /v1/routes/products": details})
	_, err = run(t, operator, "route", "set", "products", "--mode", "service", "--reason", "now", "--admin-addr", closed)
	require.EqualError(t, err, "legacy route set: ROUTE_NOT_READY: The route's gate is closed. 3 of 1000 answers are compared.")
	_, err = run(t, operator, "route", "set", "products", "--mode", "service", "--admin-addr", closed)
	require.ErrorContains(t, err, `required flag(s) "reason" not set`)
	_, err = run(t, nil, "routes", "--admin-addr", addr)
	require.ErrorContains(t, err, "operator_token: must be set")
	_, err = run(t, operator, "routes", "--admin-addr", "127.0.0.1:1")
	require.ErrorContains(t, err, "legacy: nothing listens at http://127.0.0.1:1")
}
