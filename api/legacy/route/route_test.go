package route_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/route"
)

const whole = `
upstreams:
  monolith: [http://127.0.0.1:9901, "http://127.0.0.1:9902"]
routes:
  - name: products
    match: ["GET /v1/products", "GET /v1/products/{sku}"]
    mode: canary
    percent: 12.34
    upstream: monolith
    timeout: 500ms
    compare: {ignore: [id], unordered: [/products], tolerance: {/available: "5"}}
    gate: {compared: 10, window: 5s}
  - name: rest
    match: ["/v1/{rest...}"]
    upstream: monolith
`

func TestRead(t *testing.T) {
	t.Parallel()
	f, err := route.Read([]byte(whole))
	require.NoError(t, err)
	require.Equal(t, []string{"http://127.0.0.1:9901", "http://127.0.0.1:9902"}, f.Upstreams["monolith"])
	require.Equal(t, route.Route{
		Name: "products", Match: []string{"GET /v1/products", "GET /v1/products/{sku}"}, Mode: route.Canary, Percent: 12.34,
		Upstream: "monolith", Timeout: 500 * time.Millisecond,
		Compare: route.Compare{Ignore: []string{"id"}, Unordered: []string{"/products"}, Tolerance: map[string]string{"/available": "5"}},
		Gate:    route.Gate{Compared: 10, Differing: 0.01, Errors: 0.05, Window: 5 * time.Second, Least: 20, Slow: 5 * time.Second},
	}, f.Routes[0])
	rest := route.New()
	rest.Name, rest.Match, rest.Upstream = "rest", []string{"/v1/{rest...}"}, "monolith"
	require.Equal(t, rest, f.Routes[1], "the defaults")

	t.Run("WritesWhatItReads", func(t *testing.T) {
		t.Parallel()
		content, err := f.Write()
		require.NoError(t, err)
		again, err := route.Read(content)
		require.NoError(t, err)
		require.Equal(t, f, again)
	})
}

func TestRefusesAFileThatBreaksARule(t *testing.T) {
	t.Parallel()
	for want, change := range map[string][2]string{
		"field moed not found":                                 {"mode:", "moed:"},
		"field windwo not found":                               {"window:", "windwo:"},
		"products/mode: must be legacy, shadow":                {"canary", "green"},
		"products/percent: must be from 0 to 100":              {"12.34", "100.5"},
		"products/timeout: must be from 100ms to 60s":          {"500ms", "2m"},
		"rest/upstream: must be the name of an upstream":       {"upstream: monolith\n`", "x"},
		"upstreams.monolith: must have addresses such as":      {"http://127.0.0.1:9901", "http://127.0.0.1:9901/path"},
		"monolith: must have addresses such as":                {"127.0.0.1:9901", "127.0.0.1:"},
		"products/gate/window: must be from 1s to 60s":         {"5s", "61s"},
		"products/compare/tolerance: must have numbers":        {`"5"`, `"-5"`},
		"products/compare: must have names of fields":          {"[id]", "[a/b]"},
		"rest/name: must not be used twice":                    {"name: products", "name: rest"},
		"Products/name: must be 1 to 64 lower-case":            {"name: products", "name: Products"},
		`"GET shop.example/v1" must have a path, and no host`:  {`"GET /v1/products"`, `"GET shop.example/v1"`},
		`"GET /v1/{" cannot be used`:                           {`"GET /v1/products"`, `"GET /v1/{"`},
		`"GET /v1/products/{sku}" cannot be used: pattern "GE`: {`"GET /v1/products"`, `"GET /v1/products/{other}"`},
		"cannot unmarshal":                                     {"500ms", "soon"},
	} {
		content := strings.Replace(whole, change[0], change[1], 1)
		if strings.HasPrefix(want, "rest/upstream") {
			content = whole[:strings.LastIndex(whole, "monolith")] + "nowhere\n"
		}
		_, err := route.Read([]byte(content))
		require.ErrorContains(t, err, want)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	f, err := route.Read([]byte(whole))
	require.NoError(t, err)
	table := route.NewTable(f)
	for request, want := range map[string]string{
		"GET /v1/products": "products", "HEAD /v1/products": "products", "GET /v1/products/MUG": "products",
		"POST /v1/products": "rest", "GET /v1/orders/1": "rest", "GET /v1/products/a%2Fb": "products",
		"GET /v1/products/": "rest", "GET /v1/": "rest",
		"GET /": "", "GET /v2/products": "", "GET /v1": "",
		"GET /v1//products": "", "GET /v1/products/../sessions": "", "GET /v1/products/%2e%2e/sessions": "", "GET /v1/products/a%2F..%2Fb": "", "GET /v1/./products": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		u, err := url.Parse(path)
		require.NoError(t, err)
		r, found := table.Find(&http.Request{Method: method, URL: u})
		require.Equal(t, want != "", found, request)
		require.Equal(t, want, r.Name, request)
	}
}

// TestTheHashIsFrozen: another hash would move accounts between the sides, and two gateways of
// different versions would not agree.
func TestTheHashIsFrozen(t *testing.T) {
	t.Parallel()
	for who, want := range map[string]int{
		"account cus_42": 9218,
		"account 019a3f6c-6c2e-7b1d-9d7e-0f3a5b8c1e22": 4005,
		"guest 0123456789012345678901":                 905,
		"account ":                                     3504,
		"account ümläut":                               8694,
	} {
		require.Equal(t, want, route.Bucket(who), who)
	}
}

func TestAShareTakesItsPart(t *testing.T) {
	t.Parallel()
	taken := func(percent float64) map[int]bool {
		r, all := route.Route{Mode: route.Canary, Percent: percent}, map[int]bool{}
		for i := range 20_000 {
			if r.Takes(route.Bucket(fmt.Sprintf("account %d", i))) {
				all[i] = true
			}
		}
		return all
	}
	require.Empty(t, taken(0))
	require.Len(t, taken(100), 20_000)
	before := taken(0.01)
	for _, percent := range []float64{1, 10, 50, 99.99} {
		now := taken(percent)
		require.InDelta(t, percent/100, float64(len(now))/20_000, 0.01)
		for who := range before {
			require.True(t, now[who], "more share keeps the accounts that are there")
		}
		before = now
	}
	require.False(t, route.Route{Mode: route.Shadow, Percent: 100}.Takes(0))
	require.True(t, route.Route{Mode: route.Service}.Takes(9_999))
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	f, err := route.Read([]byte(whole))
	require.NoError(t, err)
	before, after := f.Routes[0], f.Routes[0]
	require.Empty(t, route.Differences(before, after))
	after.Mode, after.Percent, after.Timeout, after.Gate.Least = route.Service, 0, time.Second, 1
	require.Equal(t, []route.Difference{
		{"mode", "canary", "service"},
		{"percent", "12.34", ""},
		{"timeout", "500ms", "1s"},
		{"gate", "{compared: 10, differing: 0.01, errors: 0.05, window: 5s, least: 20, slow: 5s}", "{compared: 10, differing: 0.01, errors: 0.05, window: 5s, least: 1, slow: 5s}"},
	}, route.Differences(before, after))
}

func TestPromotes(t *testing.T) {
	t.Parallel()
	at := func(m route.Mode, percent float64) route.Route { return route.Route{Mode: m, Percent: percent} }
	require.True(t, at(route.Legacy, 50).Promotes(at(route.Canary, 1)))
	require.True(t, at(route.Shadow, 0).Promotes(at(route.Service, 0)))
	require.True(t, at(route.Canary, 1).Promotes(at(route.Canary, 2)))
	require.False(t, at(route.Canary, 2).Promotes(at(route.Canary, 1)))
	require.False(t, at(route.Service, 0).Promotes(at(route.Canary, 100)))
	require.False(t, at(route.Legacy, 0).Promotes(at(route.Shadow, 100)))
}

func TestMoves(t *testing.T) {
	t.Parallel()
	before := route.File{Routes: []route.Route{{Name: "a", Mode: route.Shadow}, {Name: "b", Mode: route.Service}, {Name: "c", Mode: route.Canary, Percent: 10}, {Name: "d"}}}
	after := route.File{Routes: []route.Route{{Name: "b", Mode: route.Service, Timeout: 1}, {Name: "c", Mode: route.Canary, Percent: 20}, {Name: "d"}, {Name: "e", Mode: route.Service}}}
	moves := before.Moves(after)
	require.Len(t, moves, 2)
	require.Equal(t, route.Service, moves[0].After.Mode, "a route that is gone leaves its requests to the services")
	require.True(t, moves[0].Before.Promotes(moves[0].After))
	require.Equal(t, []route.Difference{{Field: "percent", Before: "10", After: "20"}}, moves[1].Differences)
	cut, changed := after.ToLegacy("c")
	require.True(t, changed)
	c, _ := cut.Find("c")
	require.Equal(t, route.Legacy, c.Mode)
	_, changed = cut.ToLegacy("c")
	require.False(t, changed)
}
