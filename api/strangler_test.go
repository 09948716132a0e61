package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/internal/quota"
)

// TestCopies holds which operations a shadow may copy.
func TestCopies(t *testing.T) {
	t.Parallel()
	var copied, tried []string
	for _, o := range publicRoutes.operations() {
		r, _ := publicRoutes.find(o.Method, o.Path)
		require.False(t, (o.Copied || o.DryRun) && r.backend == accounts, "%s: credentials are never copied", r.operation)
		require.False(t, o.Copied && o.Method != http.MethodGet, "%s: a write is never copied", r.operation)
		require.False(t, o.Copied && o.Stream, r.operation)
		if o.Copied {
			copied = append(copied, r.operation)
		}
		if o.DryRun {
			tried = append(tried, r.operation)
		}
	}
	require.Equal(t, []string{"PlaceOrder"}, tried)
	require.Equal(t, []string{
		"ListOrders", "GetOrder", "GetOrderOverview", "GetInvoice", "ListProducts", "ListCategories", "ListOrderCases", "GetOrderCase", "GetProduct", "GetStock",
	}, copied)
}

// strangled is a server with a program behind it, and routes of a file.
func strangled(t *testing.T, routes string, program http.HandlerFunc, change func(*Config)) (*testBundle, string) {
	t.Helper()
	behind := httptest.NewServer(program)
	t.Cleanup(behind.Close)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	require.NoError(t, os.WriteFile(file, []byte("upstreams: {monolith: [\""+behind.URL+"\"]}\nroutes:\n"+routes), 0o600))
	b := shopWith(t, func(c *Config) {
		c.Routes = legacy.Settings{File: file, Every: 10 * time.Millisecond, Secret: "a secret of 24 characters"}
		change(c)
	}, WithServices(shop.Services{Catalog: priced, Inventory: fakeInventory{stock: stocked}}), WithLogger(slog.New(slog.DiscardHandler)))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.server.Routes().Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return b, file
}

func mug(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"sku": "MUG-STONEWARE", "name": "MUG-STONEWARE", "description": "", "category": "", "price": {"amount": 1850, "currency": "EUR"}, "active": true, "missing": []}`)
}

// TestARouteMoves from the program to the services, by the operations of operators.
func TestARouteMoves(t *testing.T) {
	t.Parallel()
	b, _ := strangled(t, `  - {name: products, match: ["GET /v1/products/{sku}"], upstream: monolith, compare: {ignore: [stock, description, category, missing, available]}, gate: {compared: 3}}`+"\n", mug, func(*Config) {})
	admin := NewAdmin(Admin{Repairs: b.server, Operators: []operator.Operator{{Name: "night", Secret: nightSecret}}, Logger: slog.New(slog.DiscardHandler)})
	spec, err := contract.LoadAdmin()
	require.NoError(t, err)
	call := func(method, path, body string) response {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+nightSecret)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, r)
		answer := w.Result()
		answer.Request = r
		out := response{answer, w.Body.String()}
		requireDeclared(t, spec, out)
		return out
	}
	set := func(mode, more string) response {
		return call("PUT", "/v1/routes/products", `{"route": {"match": ["GET /v1/products/{sku}"], "upstream": "monolith", "mode": "`+mode+`",
			"compare": {"ignore": ["stock", "description", "category", "missing", "available"]}, "gate": {"compared": 3, "differing": 0.01, "errors": 0.05}`+more+`}, "reason": "a test"}`)
	}
	get := func() string {
		r := b.do(t, "GET", "/v1/products/MUG-STONEWARE", "")
		require.Equal(t, http.StatusOK, r.StatusCode, r.text)
		return r.Header.Get("Amends-Route")
	}

	require.Equal(t, "legacy", get())
	r := set("shadow", "")
	require.Equal(t, http.StatusOK, r.StatusCode, r.text)
	var changed contract.RouteChanged
	require.NoError(t, json.Unmarshal([]byte(r.text), &changed))
	require.Equal(t, []contract.FieldChange{{Field: "mode", Before: "legacy", After: "shadow"}}, changed.Changes)
	refused := set("canary", `, "percent": 12.5`)
	require.Equal(t, http.StatusConflict, refused.StatusCode)
	require.Equal(t, "ROUTE_NOT_READY", refused.problem(t).Code)

	details := func() (d contract.RouteDetails) {
		r := call("GET", "/v1/routes/products", "")
		require.NoError(t, json.Unmarshal([]byte(r.text), &d), r.text)
		return d
	}
	for i := range 3 {
		require.Equal(t, "legacy", get())
		require.Eventually(t, func() bool { d := details(); return d.Score.Match+d.Score.Differ+d.Score.Error == int64(i+1) }, time.Minute, time.Millisecond)
	}
	require.EqualValues(t, 3, details().Score.Match, "%+v", details().Differences)
	require.Equal(t, http.StatusOK, set("service", "").StatusCode)
	require.Equal(t, "service", get())

	r = call("GET", "/v1/routes", "")
	var all contract.Routes
	require.NoError(t, json.Unmarshal([]byte(r.text), &all), r.text)
	require.Len(t, all.Routes, 1)
	require.Equal(t, contract.RouteService, *all.Routes[0].Route.Mode)
	require.Len(t, all.Changes, 2)
	require.Equal(t, "night", all.Changes[0].By)
	require.Equal(t, "a test", all.Changes[0].Reason)

	for body, pointer := range map[string]string{
		`{"route": {"match": ["/v1/x"], "upstream": "moon"}, "reason": "r"}`:                              "/route/upstream",
		`{"route": {"match": ["/v1/x"], "upstream": "monolith", "timeout": "soon"}, "reason": "r"}`:       "/route/timeout",
		`{"route": {"match": ["GET /v1/products/{id}"], "upstream": "monolith"}, "reason": "r"}`:          "/route/match",
		`{"route": {"match": ["/v1/sessions"], "upstream": "monolith", "mode": "shadow"}, "reason": "r"}`: "/route/mode",
		`{"route": {"match": ["/v1/x"], "upstream": "monolith"}}`:                                         "/reason",
	} {
		r = call("PUT", "/v1/routes/other", body)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, r.text)
		require.Equal(t, pointer, (*r.problem(t).Errors)[0].Pointer)
	}
	require.Equal(t, http.StatusNotFound, call("GET", "/v1/routes/other", "").StatusCode)

	without := NewAdmin(Admin{Repairs: setup(t).server, Operators: []operator.Operator{{Name: "night", Secret: nightSecret}}, Logger: slog.New(slog.DiscardHandler)})
	for path, want := range map[string]int{"/v1/routes": http.StatusOK, "/v1/routes/products": http.StatusServiceUnavailable} {
		w := httptest.NewRecorder()
		q := httptest.NewRequestWithContext(t.Context(), "GET", path, http.NoBody)
		q.Header.Set("Authorization", "Bearer "+nightSecret)
		without.ServeHTTP(w, q)
		require.Equal(t, want, w.Code, path)
		if want == http.StatusOK {
			require.JSONEq(t, `{"upstreams": [], "routes": [], "changes": []}`, w.Body.String())
		}
	}
}

// TestACopyCountsInNoQuota, and a request that the program answers counts once.
func TestACopyCountsInNoQuota(t *testing.T) {
	t.Parallel()
	b, _ := strangled(t, `  - {name: products, match: ["GET /v1/products/{sku}"], mode: shadow, upstream: monolith}`+"\n", mug, func(c *Config) {
		c.Limits.Classes = map[string][]quota.Quota{"browse": {{Name: "sustained", Count: 10, Per: time.Hour}}}
		c.Limits.Callers = 10
	})
	for range 10 {
		require.Equal(t, http.StatusOK, b.do(t, "GET", "/v1/products/MUG-STONEWARE", "").StatusCode)
	}
	b.do(t, "GET", "/v1/products/MUG-STONEWARE", "").refused(t, http.StatusTooManyRequests, problem.QuotaExceeded)
	require.Eventually(t, func() bool {
		v, _, _ := b.server.Routes().Route("products")
		n, _ := v.Score.Compared()
		return n == 10 && v.Score.Results["error"] == 0
	}, time.Minute, time.Millisecond, "no copy was refused")
}

func TestBadRoutesAreNotServed(t *testing.T) {
	t.Parallel()
	c := DefaultConfig()
	c.Orders.Queue = "order"
	c.Routes = legacy.Settings{File: filepath.Join(t.TempDir(), "none.yaml"), Every: time.Second}
	_, err := New(c, &fakeTemporal{t: t, health: alive})
	require.ErrorContains(t, err, "legacy.file: open ")
	require.NoError(t, os.WriteFile(c.Routes.File, []byte("routes: [{name: x}]"), 0o600))
	_, err = New(c, &fakeTemporal{t: t, health: alive})
	require.ErrorContains(t, err, fmt.Sprintf("legacy.file: %s: x/match: must have a pattern", c.Routes.File))
}
