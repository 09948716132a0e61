package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/cases"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/docs"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/deprecated"
	"github.com/amends/amends/api/edge/limit"
	"github.com/amends/amends/api/edge/shed"
	"github.com/amends/amends/api/health"
	"github.com/amends/amends/api/legacy"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/orders/live"
	"github.com/amends/amends/api/pages"
	"github.com/amends/amends/api/settings"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/api/shop/invoice"
	"github.com/amends/amends/api/shop/overview"
	"github.com/amends/amends/api/users"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/admission"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/web/shop/visit"
)

// Server answers the requests of the public address. It is an [http.Handler]; see
// [HTTPServer].
type Server struct {
	echo     *echo.Echo
	orders   *orders.Client
	model    query.Service // or nil
	log      *slog.Logger
	observe  Observer
	services shop.Services
	records  orders.Records
	retry    orders.Retrier
	verifier caller.Verifier
	users    users.Service
	cases    cases.Service
	keys     users.Keys
	gateways func() int
	browsing *shed.Gate
	health   *health.Health
	routes   *legacy.Switch // or nil

	invoices *invoice.Handlers // of this address

	decideAfter time.Duration // how long an order may stay undecided

	conditions []func() error // of the readiness

	payments []string // test tokens of payments that the shop's pages offer

	draining chan struct{} // closed once the server is to stop
	drain    sync.Once
}

// Aliases, because a struct cannot embed two types of one name.
type (
	orderHandlers   = apiorders.Handlers
	shopHandlers    = shop.Handlers
	userHandlers    = users.Handlers
	liveHandlers    = live.Handlers
	caseHandlers    = cases.Handlers
	invoiceHandlers = invoice.Handlers
)

// operations answers the operations of openapi.yaml.
type operations struct {
	*orderHandlers
	*shopHandlers
	*userHandlers
	*liveHandlers
	*caseHandlers
	*invoiceHandlers
	*overview.Handlers
	*docs.Page
	*health.Health
}

var _ contract.StrictServerInterface = operations{}

// New returns a server that asks t. It fails if c is invalid.
func New(c Config, t client.Client, options ...Option) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	spec, err := contract.LoadPublic()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	forms, err := apiorders.Forms(spec)
	if err != nil {
		return nil, err
	}
	if err := shop.Forms(spec, forms); err != nil {
		return nil, err
	}
	if err := users.Forms(spec, forms); err != nil {
		return nil, err
	}
	if err := cases.Forms(spec, forms); err != nil {
		return nil, err
	}
	page, err := docs.New(spec)
	if err != nil {
		return nil, err
	}
	s := &Server{
		log:      slog.Default(),
		observe:  settings.Unobserved(),
		gateways: func() int { return 1 },
		records:  c.Orders.Records, retry: c.Orders.Retry, draining: make(chan struct{}), decideAfter: c.Orders.DecideAfter,
	}
	for _, option := range options {
		option(s)
	}
	c.Orders.Retry, c.Orders.Placed = s.retry, s.observe.Placed
	c.Orders.Records = s.records
	s.orders = orders.New(c.Orders, t)
	s.health = health.New(s.orders, s.draining, s.conditions)
	accounts := users.New(s.users, s.keys)
	g, err := s.guards(c, spec, accounts.Served)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	hosts, err := edge.NewHosts(c.Hosts, c.Origins)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.echo = edge.New(edge.Config{
		Log: s.log, MaxBody: c.MaxBody, TrustedProxies: c.TrustedProxies, Hosts: hosts, Strict: c.Strict,
		Observe: s.observe.Request, Operation: publicRoutes.names(), Attributes: apiorders.Attributes,
	})
	s.echo.Binder = forms
	if err := s.strangle(c, g); err != nil {
		return nil, fmt.Errorf("legacy.file: %w", err)
	}
	page.Register(s.echo)
	pages.Open(s.echo, c.Shop, visit.Site{Name: c.Seller.Name, Guests: c.GuestSecret != "", Tokens: s.payments, Log: s.log})
	s.services.Query = s.model
	reader, access := shop.NewReader(s.services), apiorders.NewAccess(lookup.New(s.orders, s.model), c.Guests(), c.EarlierOrders)
	s.invoices = invoice.New(c.Guests(), reader, c.Seller)
	all := operations{
		apiorders.New(s.orders, access, s.model, reader, s.draining), shop.New(reader), accounts, live.New(access, s.model, s.draining, heartbeat), cases.New(s.cases, access),
		s.invoices, overview.New(access, reader), page, s.health,
	}
	contract.RegisterHandlers(edge.Router{Echo: s.echo, Middleware: publicRoutes.middleware(g)}, contract.NewStrictHandler(all, nil))
	return s, nil
}

// heartbeat is the time between two comments of a stream.
const heartbeat = 15 * time.Second

// guards returns the checks of the public operations.
func (s *Server) guards(c Config, spec *openapi3.T, served echo.MiddlewareFunc) (guards, error) {
	limits := c.Limits
	limits.Gateways, limits.Observe = s.gateways, s.observe.Limited
	if limits.Now == nil {
		limits.Now = time.Now
	}
	limiter, err := limit.New(limits)
	s.browsing = shed.New(func(ctx context.Context) bool { return c.Orders.Admission.Pressed(s.Admission(ctx)) }, limits.Now)
	return guards{
		verifier: s.verifier,
		guests:   c.GuestSecret != "",
		quotas:   func(of class) echo.MiddlewareFunc { return limiter.Middleware(string(of), c.Exempt) },
		browsing: s.browsing.Middleware,
		served:   served,
		refusals: limiter.Refusals(string(entering), c.Exempt),
		calls:    deprecated.NewCalls(s.observe.Deprecated),
		streams:  limit.NewStreams(c.Streams).Middleware,
		query:    parameter.Checks(spec),
	}, err
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Drain answers requests that only wait for a decision at once, with the order as it
// is, and makes the server unready. [HTTPServer] calls it on shutdown.
func (s *Server) Drain() { s.drain.Do(func() { close(s.draining) }) }

// Ready returns nil if orders can be served, otherwise a fault with code UNAVAILABLE.
func (s *Server) Ready(ctx context.Context) error { return s.health.Ready(ctx) }

// Admission returns how many placements are let in, and have been refused.
func (s *Server) Admission(ctx context.Context) admission.State { return s.orders.Admission(ctx) }

// Browsing returns the same of the questions that give way to placements.
func (s *Server) Browsing(ctx context.Context) admission.State { return s.browsing.State(ctx) }

// HTTPServer returns a server for addr with the limits of the API. The caller
// starts it and shuts it down; Shutdown waits for placements, not for decisions.
func HTTPServer(addr string, s *Server) *http.Server {
	server := edge.NewServer(addr, s, s.log)
	server.RegisterOnShutdown(s.Drain)
	return server
}
