package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// who may call an operation.
type who string

const (
	clients   who = "clients"   // no credentials yet: an order's id is its secret
	operators who = "operators" // a token of operator_tokens, on the admin address only
	anyone    who = "anyone"    // probes, scrapers and readers of the contract
)

// backend is the part that an operation waits for.
type backend string

const (
	engine   backend = "engine"   // Temporal, and through it the order service's workers
	services backend = "services" // a service, by gRPC
	database backend = "database" // that of a service in this process
	process  backend = "process"  // nothing but this process
)

// route is one operation of a contract: json and keyed decide which checks its
// requests pass, and tests hold who and backend to the contract and to the calls that
// its handler makes.
type route struct {
	operation string // operationId
	method    string
	path      string // as the contract writes it
	who       who
	backend   backend
	json      bool // answers JSON that is never cached, to clients that take JSON
	keyed     bool // requires an Idempotency-Key
}

// routes are the operations of one address.
type routes []route

// publicRoutes are the operations of openapi.yaml.
var publicRoutes = routes{
	{"PlaceOrder", http.MethodPost, "/v1/orders", clients, engine, true, true},
	{"GetOrder", http.MethodGet, "/v1/orders/{id}", clients, engine, true, false},
	{"CancelOrder", http.MethodPost, "/v1/orders/{id}/cancel", clients, engine, true, false},
	{"GetStock", http.MethodGet, "/v1/stock/{sku}", clients, services, true, false},
	{"CheckStock", http.MethodPost, "/v1/stock/check", clients, services, true, false},
	{"GetHealth", http.MethodGet, "/healthz", anyone, process, false, false},
	{"GetReadiness", http.MethodGet, "/readyz", anyone, engine, false, false},
	{"GetContract", http.MethodGet, "/openapi.yaml", anyone, process, false, false},
	{"GetEvents", http.MethodGet, "/asyncapi.yaml", anyone, process, false, false},
	{"GetDocs", http.MethodGet, "/docs", anyone, process, false, false},
}

// adminRoutes are the operations of admin.yaml.
var adminRoutes = routes{
	{"RepairOrder", http.MethodPost, "/v1/orders/{id}/repair", operators, engine, true, false},
	{"ListDeadLetters", http.MethodGet, "/v1/dead-letters", operators, database, true, false},
	{"RedriveDeadLetter", http.MethodPost, "/v1/dead-letters/{id}/redrive", operators, database, true, false},
	{"DiscardDeadLetter", http.MethodPost, "/v1/dead-letters/{id}/discard", operators, database, true, false},
	{"GetMetrics", http.MethodGet, "/metrics", anyone, process, false, false},
	{"GetHealth", http.MethodGet, "/healthz", anyone, process, false, false},
	{"GetReadiness", http.MethodGet, "/readyz", anyone, engine, false, false},
	{"GetAdminContract", http.MethodGet, "/admin.yaml", anyone, process, false, false},
	{"GetContract", http.MethodGet, "/openapi.yaml", anyone, process, false, false},
}

// middleware returns the checks that a route's requests pass before its handler. A path
// that is not in the table, such as a file of the documentation page, has none; below
// /v1/ there is no such path, and one that is forgotten here is not served.
func (all routes) middleware(method, path string) (m []echo.MiddlewareFunc) {
	i := slices.IndexFunc(all, func(r route) bool { return r.method == method && echoPath(r.path) == path })
	switch {
	case i >= 0:
		r := all[i]
		if r.json {
			m = append(m, edge.Negotiate)
		}
		if r.keyed {
			m = append(m, edge.Keyed)
		}
	case strings.HasPrefix(path, "/v1/"):
		m = append(m, unlisted)
	}
	return m
}

// unlisted stands in front of a handler whose route has no row.
func unlisted(echo.HandlerFunc) echo.HandlerFunc {
	return func(echo.Context) error { return problem.New(fault.NotFound, "") }
}
