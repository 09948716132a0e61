package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/deprecated"
	"github.com/amends/amends/api/edge/session"
	"github.com/amends/amends/api/legacy/shadow"
	"github.com/amends/amends/api/problem"
	problempage "github.com/amends/amends/api/problem/page"
	"github.com/amends/amends/api/retry"
	"github.com/amends/amends/fault"
)

// authentication is what an operation asks of its caller.
type authentication string

const (
	none        authentication = "none"         // probes, scrapers and readers of the contract
	optional    authentication = "optional"     // a token, if there is one, names the caller
	readOrders  authentication = "orders:read"  // a token with this scope, or a guest where guests are served
	writeOrders authentication = "orders:write" // the same
	ownOrders   authentication = "own orders"   // a token with the scope of reading
	ownAccount  authentication = "account"      // a token with this scope, or the cookie of one
	operators   authentication = "operators"    // a token of operator_tokens, or with the scope operator; on the admin address only
	supporters  authentication = "support"      // the same, or a token with the scope support
)

// need returns what a row asks of its callers, where guests are served or not.
func (a authentication) need(guests bool) caller.Need {
	switch a {
	case readOrders, writeOrders:
		return caller.Need{Token: !guests, Scope: string(a)}
	case ownOrders:
		return caller.Need{Token: true, Scope: string(readOrders)}
	case ownAccount:
		return caller.Need{Token: true, Scope: string(a)}
	default:
		return caller.Need{}
	}
}

// class is a group of operations that share quotas. It is also their value: under load
// browsing is given up first, placing next, and the others never.
type class string

const (
	browsing   class = "browse"
	reading    class = "read" // of one's own order
	placing    class = "place"
	cancelling class = "cancel"
	entering   class = "enter"   // registrations, log-ins, and the tokens of mails
	managing   class = "account" // of one's own account, and of cases on one's orders
	unlimited  class = ""
)

// backend is the part that an operation waits for.
type backend string

const (
	engine   backend = "engine"   // Temporal, and through it the order service's workers
	services backend = "services" // services, by gRPC
	accounts backend = "accounts" // the user service, by gRPC
	both     backend = "both"     // engine and services
	model    backend = "model"    // the read model, by gRPC
	database backend = "database" // that of a service in this process
	process  backend = "process"  // nothing but this process
)

// traits are properties of an operation.
type traits uint16

const (
	asJSON     traits = 1 << iota // answers JSON that is never cached, to clients that take JSON
	asPage                        // answers a page for people that is never cached, to clients that prefer HTML
	keyed                         // requires an Idempotency-Key
	idempotent                    // a repeat has no further effect, so the server may repeat calls of services
	queried                       // has parameters in its query, which are checked here
	waits                         // takes a Prefer header
	streams                       // answers a stream, which ends with the caller's session
	tried                         // can be tried without effect, by Amends-Dry-Run
)

func (t traits) has(other traits) bool { return t&other != 0 }

// route is one operation of a contract, and all that the server does for it besides
// calling its handler. Tests hold the rows to the contract and to the calls that handlers
// make.
type route struct {
	operation string // operationId
	method    string
	path      string // as the contract writes it
	auth      authentication
	class     class
	backend   backend
	within    time.Duration // the longest that an answer takes; 0: a stream
	traits    traits
	end       *deprecated.Notice // nil: it stays
}

// routes are the operations of one address.
type routes []route

// Times that some operations have in common.
const (
	question = 4 * time.Second  // the engine is asked more than once, for a second each
	effect   = 35 * time.Second // a cancel may be configured to wait 30 s for its effect, and a read may prefer to
	hashing  = 10 * time.Second // a password waits for its turn, some seconds at most
)

// publicRoutes are the operations of openapi.yaml.
var publicRoutes = routes{
	{"PlaceOrder", echo.POST, "/v1/orders", writeOrders, placing, engine, edge.MaxAnswer, asJSON | keyed | waits | tried, nil},
	{"ListOrders", echo.GET, "/v1/orders", ownOrders, reading, model, effect, asJSON | idempotent | queried | waits, nil},
	{"GetOrder", echo.GET, "/v1/orders/{id}", readOrders, reading, both, effect, asJSON | idempotent | waits, nil},
	{"FollowOrder", echo.GET, "/v1/orders/{id}/events", readOrders, reading, model, 0, streams, nil},
	{"CancelOrder", echo.POST, "/v1/orders/{id}/cancel", writeOrders, cancelling, engine, effect, asJSON, nil},
	{"GetOrderOverview", echo.GET, "/v1/orders/{id}/overview", readOrders, browsing, both, question, asJSON | idempotent, nil},
	{"GetInvoice", echo.GET, "/v1/orders/{id}/invoice", readOrders, reading, services, question, asJSON | asPage | idempotent | queried, nil},
	{"ListProducts", echo.GET, "/v1/products", optional, browsing, model, question, asJSON | idempotent | queried, nil},
	{"ListCategories", echo.GET, "/v1/categories", optional, browsing, model, question, asJSON | idempotent, nil},
	{"ListOrderCases", echo.GET, "/v1/orders/{id}/cases", readOrders, reading, both, question, asJSON, nil},
	{"OpenCase", echo.POST, "/v1/orders/{id}/cases", writeOrders, managing, both, question, asJSON | keyed, nil},
	{"GetOrderCase", echo.GET, "/v1/orders/{id}/cases/{case}", readOrders, reading, both, question, asJSON, nil},
	{"AnswerOrderCase", echo.POST, "/v1/orders/{id}/cases/{case}/answers", writeOrders, managing, both, question, asJSON | keyed, nil},
	{"CloseOrderCase", echo.POST, "/v1/orders/{id}/cases/{case}/close", writeOrders, managing, both, question, asJSON | keyed, nil},
	{"GetProduct", echo.GET, "/v1/products/{sku}", optional, browsing, services, time.Second, asJSON | idempotent, nil},
	{"GetStock", echo.GET, "/v1/stock/{sku}", optional, browsing, services, time.Second, asJSON | idempotent, nil},
	{"CheckStock", echo.POST, "/v1/stock/check", optional, browsing, services, time.Second, asJSON | idempotent, nil},
	{"RegisterAccount", echo.POST, "/v1/users", none, entering, accounts, question, asJSON, nil},
	{"ConfirmMail", echo.POST, "/v1/users/verification", none, entering, accounts, hashing, asJSON, nil},
	{"LogIn", echo.POST, "/v1/sessions", none, entering, accounts, hashing, asJSON, nil},
	{"RefreshSession", echo.POST, "/v1/sessions/refresh", none, managing, accounts, question, asJSON, nil},
	{"ListSessions", echo.GET, "/v1/sessions", ownAccount, managing, accounts, question, asJSON, nil},
	{"LogOutEverywhere", echo.DELETE, "/v1/sessions", ownAccount, managing, accounts, question, asJSON, nil},
	{"LogOut", echo.DELETE, "/v1/sessions/{id}", ownAccount, managing, accounts, question, asJSON, nil},
	{"GetMe", echo.GET, "/v1/me", ownAccount, managing, accounts, question, asJSON, nil},
	{"ChangeMe", echo.PATCH, "/v1/me", ownAccount, managing, accounts, hashing, asJSON, nil},
	{"EraseMe", echo.DELETE, "/v1/me", ownAccount, managing, accounts, hashing, asJSON, nil},
	{"ChangePassword", echo.PUT, "/v1/me/password", ownAccount, managing, accounts, hashing, asJSON, nil},
	{"ListAddresses", echo.GET, "/v1/me/addresses", ownAccount, managing, accounts, question, asJSON, nil},
	{"AddAddress", echo.POST, "/v1/me/addresses", ownAccount, managing, accounts, question, asJSON, nil},
	{"ReplaceAddress", echo.PUT, "/v1/me/addresses/{id}", ownAccount, managing, accounts, question, asJSON, nil},
	{"RemoveAddress", echo.DELETE, "/v1/me/addresses/{id}", ownAccount, managing, accounts, question, asJSON, nil},
	{"GetPreferences", echo.GET, "/v1/me/preferences", ownAccount, managing, accounts, question, asJSON, nil},
	{"SetPreferences", echo.PUT, "/v1/me/preferences", ownAccount, managing, accounts, question, asJSON, nil},
	{"AskPasswordReset", echo.POST, "/v1/password-resets", none, entering, accounts, question, asJSON, nil},
	{"ResetPassword", echo.PUT, "/v1/password-resets/{token}", none, entering, accounts, hashing, asJSON, nil},
	{"GetKeys", echo.GET, "/.well-known/jwks.json", none, unlimited, accounts, question, 0, nil},
	{"GetHealth", echo.GET, "/healthz", none, unlimited, process, time.Second, 0, nil},
	{"GetReadiness", echo.GET, "/readyz", none, unlimited, engine, question, 0, nil},
	{"GetContract", echo.GET, "/openapi.yaml", none, unlimited, process, time.Second, 0, nil},
	{"GetEvents", echo.GET, "/asyncapi.yaml", none, unlimited, process, time.Second, 0, nil},
	{"GetDocs", echo.GET, "/docs", none, unlimited, process, time.Second, 0, nil},
}

// adminRoutes are the operations of admin.yaml.
var adminRoutes = routes{
	{"RepairOrder", echo.POST, "/v1/orders/{id}/repair", operators, unlimited, engine, edge.MaxAnswer, asJSON, nil},
	{"ListNotifications", echo.GET, "/v1/orders/{id}/notifications", supporters, unlimited, services, edge.MaxAnswer, asJSON, nil},
	{"ListAllOrders", echo.GET, "/v1/orders", supporters, unlimited, model, edge.MaxAnswer, asJSON, nil},
	{"ListProjections", echo.GET, "/v1/projections", supporters, unlimited, model, edge.MaxAnswer, asJSON, nil},
	{"RefundOrder", echo.POST, "/v1/orders/{id}/refunds", supporters, unlimited, both, edge.MaxAnswer, asJSON | keyed, nil},
	{"ListRefunds", echo.GET, "/v1/orders/{id}/refunds", supporters, unlimited, both, edge.MaxAnswer, asJSON | idempotent, nil},
	{"ListDeadLetters", echo.GET, "/v1/dead-letters", supporters, unlimited, database, edge.MaxAnswer, asJSON, nil},
	{"RedriveDeadLetter", echo.POST, "/v1/dead-letters/{id}/redrive", operators, unlimited, database, edge.MaxAnswer, asJSON, nil},
	{"DiscardDeadLetter", echo.POST, "/v1/dead-letters/{id}/discard", operators, unlimited, database, edge.MaxAnswer, asJSON, nil},
	{"RedriveDeadLetters", echo.POST, "/v1/redrives", operators, unlimited, database, edge.MaxAnswer, asJSON, nil},
	{"GetRedrive", echo.GET, "/v1/redrives/{id}", supporters, unlimited, database, edge.MaxAnswer, asJSON, nil},
	{"DecodePayloads", echo.POST, "/v1/codec/decode", operators, unlimited, process, time.Second, asJSON, nil},
	{"EncodePayloads", echo.POST, "/v1/codec/encode", operators, unlimited, process, time.Second, asJSON, nil},
	{"ListRoutes", echo.GET, "/v1/routes", supporters, unlimited, process, question, asJSON, nil},
	{"GetRoute", echo.GET, "/v1/routes/{name}", supporters, unlimited, process, question, asJSON, nil},
	{"SetRoute", echo.PUT, "/v1/routes/{name}", operators, unlimited, process, question, asJSON, nil},
	{"ListCases", echo.GET, "/v1/cases", supporters, unlimited, services, question, asJSON, nil},
	{"GetCase", echo.GET, "/v1/cases/{id}", supporters, unlimited, services, question, asJSON, nil},
	{"AnswerCase", echo.POST, "/v1/cases/{id}/answers", supporters, unlimited, services, question, asJSON | keyed, nil},
	{"AssignCase", echo.POST, "/v1/cases/{id}/assign", supporters, unlimited, services, question, asJSON | keyed, nil},
	{"CloseCase", echo.POST, "/v1/cases/{id}/close", supporters, unlimited, services, question, asJSON | keyed, nil},
	{"GetOperator", echo.GET, "/v1/operator", supporters, unlimited, process, question, asJSON, nil},
	{"GetOverview", echo.GET, "/v1/overview", supporters, unlimited, both, edge.MaxAnswer, asJSON | idempotent, nil},
	{"GetOperatorsOrder", echo.GET, "/v1/orders/{id}", supporters, unlimited, both, edge.MaxAnswer, asJSON | idempotent, nil},
	{"GetTimeline", echo.GET, "/v1/orders/{id}/timeline", supporters, unlimited, model, question, asJSON, nil},
	{"GetHoldings", echo.GET, "/v1/orders/{id}/holdings", supporters, unlimited, services, question, asJSON | idempotent, nil},
	{"GetOrdersInvoice", echo.GET, "/v1/orders/{id}/invoice", supporters, unlimited, services, question, asJSON | asPage | idempotent, nil},
	{"ListServices", echo.GET, "/v1/services", supporters, unlimited, process, question, asJSON, nil},
	{"GetDoctor", echo.GET, "/v1/doctor", supporters, unlimited, engine, edge.MaxAnswer, asJSON, nil},
	{"ListDoctorRuns", echo.GET, "/v1/doctor/runs", supporters, unlimited, engine, edge.MaxAnswer, asJSON, nil},
	{"GetDoctorRun", echo.GET, "/v1/doctor/runs/{id}", supporters, unlimited, engine, edge.MaxAnswer, asJSON, nil},
	{"RunDoctor", echo.POST, "/v1/doctor/runs", operators, unlimited, engine, edge.MaxAnswer, asJSON, nil},
	{"StartBatch", echo.POST, "/v1/batches", operators, unlimited, services, edge.MaxAnswer, asJSON, nil},
	{"GetBatch", echo.GET, "/v1/batches/{id}", supporters, unlimited, services, question, asJSON, nil},
	{"NoteBatch", echo.POST, "/v1/batches/{id}/notes", operators, unlimited, services, edge.MaxAnswer, asJSON, nil},
	{"ListAudit", echo.GET, "/v1/audit", supporters, unlimited, services, question, asJSON, nil},
	{"GetMetrics", echo.GET, "/metrics", none, unlimited, process, edge.MaxAnswer, 0, nil},
	{"GetHealth", echo.GET, "/healthz", none, unlimited, process, edge.MaxAnswer, 0, nil},
	{"GetReadiness", echo.GET, "/readyz", none, unlimited, engine, edge.MaxAnswer, 0, nil},
	{"GetAdminContract", echo.GET, "/admin.yaml", none, unlimited, process, edge.MaxAnswer, 0, nil},
	{"GetContract", echo.GET, "/openapi.yaml", none, unlimited, process, edge.MaxAnswer, 0, nil},
}

// find returns the row of a method and a route's pattern as Echo writes it. HEAD has that
// of GET.
func (all routes) find(method, path string) (route, bool) {
	if method == http.MethodHead {
		method = echo.GET
	}
	for _, r := range all {
		if r.method == method && echoPath(r.path) == path {
			return r, true
		}
	}
	return route{}, false
}

// names returns the operation of each method and pattern; see [edge.Config].
func (all routes) names() func(method, path string) string {
	names := map[string]string{}
	for _, r := range all {
		names[r.method+" "+echoPath(r.path)] = r.operation
		if r.method == echo.GET {
			names[http.MethodHead+" "+echoPath(r.path)] = r.operation
		}
	}
	return func(method, path string) string { return names[method+" "+path] }
}

// guards has the checks that a table chooses from. The zero guards are those of an address
// without callers, quotas and shedding.
type guards struct {
	operators, supporters echo.MiddlewareFunc // of an address with operations of operators

	verifier caller.Verifier
	guests   bool // orders without a token
	quotas   func(class) echo.MiddlewareFunc
	browsing echo.MiddlewareFunc                        // of operations that give way to others
	served   echo.MiddlewareFunc                        // of operations that need the user service
	refusals echo.MiddlewareFunc                        // of operations that look at credentials
	calls    *deprecated.Calls                          // needed if an operation is deprecated
	streams  echo.MiddlewareFunc                        // of operations that answer streams
	query    func(operation string) echo.MiddlewareFunc // checks the query of an operation
}

// middleware returns how the requests of each route are checked before its handler. A path
// that is not in the table, such as a file of the documentation page, has no checks; below
// /v1/ there is no such path, and one that is forgotten here is not served.
func (all routes) middleware(g guards) func(method, path string) []echo.MiddlewareFunc {
	return func(method, path string) []echo.MiddlewareFunc {
		r, ok := all.find(method, path)
		switch {
		case ok:
			return r.middleware(g)
		case strings.HasPrefix(path, "/v1/"):
			return []echo.MiddlewareFunc{unlisted}
		default:
			return nil
		}
	}
}

// offers returns the media types of the operation's answers, that of clients without a
// preference first. None: it answers in its own.
func (r route) offers() (kinds []string) {
	if r.traits.has(asJSON) {
		kinds = append(kinds, echo.MIMEApplicationJSON)
	}
	if r.traits.has(asPage) {
		kinds = append(kinds, echo.MIMETextHTML)
	}
	return kinds
}

// middleware returns the checks of one row, the cheapest first.
func (r route) middleware(g guards) []echo.MiddlewareFunc {
	m := []echo.MiddlewareFunc{edge.Within(r.within)}
	if r.traits.has(asPage) {
		m = append(m, edge.Paged(problempage.Write))
	}
	if r.backend == accounts {
		m = append(m, g.served, session.Cookies)
	}
	switch r.auth {
	case none:
	case operators:
		m = append(m, g.operators)
	case supporters:
		m = append(m, g.supporters)
	default:
		m = append(m, session.Bearer, g.refusals, caller.Authenticate(g.verifier, r.auth.need(g.guests)))
	}
	if r.end != nil {
		m = append(m, g.calls.Middleware(r.operation, *r.end))
	}
	if r.class != unlimited {
		m = append(m, shadow.Live(g.quotas(r.class)))
	}
	if r.class == browsing {
		m = append(m, g.browsing)
	}
	if kinds := r.offers(); len(kinds) > 0 {
		m = append(m, edge.Offer(kinds...))
	}
	if r.traits.has(asPage) {
		m = append(m, edge.Joined("Accept-Language"))
	}
	if r.traits.has(queried) {
		m = append(m, g.query(r.operation))
	}
	if r.traits.has(keyed) {
		m = append(m, edge.Keyed)
	}
	if r.traits.has(waits) {
		m = append(m, edge.Joined("Prefer"))
	}
	if r.traits.has(streams) {
		m = append(m, g.streams, caller.Watch(g.verifier), edge.HeadOnly)
	}
	if r.traits.has(idempotent) {
		m = append(m, repeatable)
	}
	return m
}

// repeatable allows the server to repeat calls of services.
func repeatable(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		c.SetRequest(r.WithContext(retry.Allow(r.Context()))) // its route's deadline restores the request
		return next(c)
	}
}

// unlisted stands in front of a handler whose route has no row.
func unlisted(echo.HandlerFunc) echo.HandlerFunc {
	return func(echo.Context) error { return problem.New(fault.NotFound, "") }
}
