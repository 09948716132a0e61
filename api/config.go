package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/amends/amends/api/cases"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/limit"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/api/shop/invoice"
	"github.com/amends/amends/api/users"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/services/query"
)

// Config configures a [Server]. Start from [DefaultConfig].
type Config struct {
	// Orders configures how the engine is asked; its Queue has no default.
	Orders orders.Config
	// MaxBody is the largest request body, in bytes. Default 1 MiB.
	MaxBody int64
	// Limits are the quotas of callers; their Gateways, Observe and Now are set by the
	// server and its options. Default: none.
	Limits limit.Config
	// Exempt are the networks whose requests are not limited. Default: none.
	Exempt []netip.Prefix
	// Hosts are the names that the server answers for, and Origins the other sites whose
	// pages may change anything; see [edge.NewHosts]. Default: this machine only, none.
	Hosts, Origins []string
	// Strict tells browsers to use no plain HTTP; see [edge.Config]. Default: false.
	Strict bool
	// Streams is how many streams each caller may have open at this server at a time, 1 to
	// 1000. Default 16.
	Streams int
	// GuestSecret lets customers without a token, guests, place orders, whose ids and claims
	// are derived from it: the same on every server, at least 24 characters, kept for as
	// long as guests read their orders. Empty: orders need a token. Default empty.
	GuestSecret string
	// Shop serves the shop's pages below /, beside the operations. Default: false.
	Shop bool
	// Seller is who sells, on invoices. Default: Shop, without an address.
	Seller invoice.Seller
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Empty means
	// that the client's address is the socket's. Default empty.
	TrustedProxies []netip.Prefix
	// Routes are those that lead to a program behind the gateway. Default: none.
	Routes legacy.Settings
}

// DefaultConfig returns the defaults; Orders.Queue is left to set.
func DefaultConfig() Config {
	return Config{Orders: orders.DefaultConfig(), MaxBody: edge.DefaultMaxBody, Streams: 16, Seller: invoice.Seller{Name: "Shop"}}
}

// Validate returns every problem at once, or nil.
func (c Config) Validate() error {
	var body error
	if c.MaxBody < 1<<10 || c.MaxBody > 64<<20 {
		body = fmt.Errorf("body limit %d is not between 1 KiB and 64 MiB", c.MaxBody)
	}
	var streams error
	if c.Streams < 1 || c.Streams > 1000 {
		streams = fmt.Errorf("limit of %d streams is not between 1 and 1000", c.Streams)
	}
	var guests error
	if n := len(c.GuestSecret); n > 0 && n < identity.MinGuestSecret {
		guests = fmt.Errorf("secret of guests has %d characters, and needs %d", n, identity.MinGuestSecret)
	}
	return errors.Join(c.Orders.Validate(), body, streams, guests)
}

// guests returns the guests of the server, nil for none.
func (c Config) guests() *identity.Guests {
	if c.GuestSecret == "" {
		return nil
	}
	return identity.NewGuests(c.GuestSecret)
}

// Option changes a [Server] beside its [Config].
type Option func(*Server)

// WithLogger sets where requests and failures are logged; default [slog.Default].
func WithLogger(l *slog.Logger) Option { return func(s *Server) { s.log = l } }

// WithOrders sets the order service that placements read, see [orders.Config]; without
// it they ask the workflows.
func WithOrders(r orders.Records) Option { return func(s *Server) { s.records = r } }

// WithRetry sets how a service is asked to try its step of a choreographed order again;
// without it, such a repair is answered UNAVAILABLE.
func WithRetry(f orders.Retrier) Option { return func(s *Server) { s.retry = f } }

// WithServices sets the services that are asked; every question to one that is missing is
// answered UNAVAILABLE.
func WithServices(all shop.Services) Option { return func(s *Server) { s.services = all } }

// WithQuery sets the read model; without it, lists are answered UNAVAILABLE, and orders come
// from the engine alone.
func WithQuery(q query.Service) Option { return func(s *Server) { s.model = q } }

// WithVerifier sets who checks the tokens and the API keys of callers. Without it, none is
// valid.
func WithVerifier(v caller.Verifier) Option { return func(s *Server) { s.verifier = v } }

// WithReadiness adds a condition without which the server is not ready. f returns a fault
// with code UNAVAILABLE, or nil, and must not block.
func WithReadiness(f func() error) Option {
	return func(s *Server) { s.conditions = append(s.conditions, f) }
}

// WithUsers sets the user service, and who knows the keys of its tokens; without it, every
// operation of accounts is answered UNAVAILABLE.
func WithUsers(u users.Service, k users.Keys) Option {
	return func(s *Server) { s.users, s.keys = u, k }
}

// WithCases sets the support service; without it, every operation on cases is answered
// UNAVAILABLE.
func WithCases(c cases.Service) Option { return func(s *Server) { s.cases = c } }

// WithGateways sets the number of gateways that share the quotas, this one included;
// without it, it is 1.
func WithGateways(f func() int) Option { return func(s *Server) { s.gateways = f } }

// WithTestPayments sets tokens of payments that the shop's pages let customers choose from;
// without it, they ask for a token. It is for platforms whose payments are a simulation.
func WithTestPayments(tokens []string) Option { return func(s *Server) { s.payments = tokens } }

// Observer gets events of requests, for metrics. Its functions must not block.
type Observer struct {
	// Request is called after every request.
	Request func(edge.Observation)
	// Limited is called for a request without room in a quota; shadow: it passes.
	Limited func(class, quota string, shadow bool)
	// Placed is called with the style of each new order, and the time until it was stored.
	Placed func(style string, took time.Duration)
	// Deprecated is called for each call of a deprecated operation.
	Deprecated func(operation, consumer string)
	// Routes has the events of routes that lead to a program behind the gateway.
	Routes legacy.Observer
}

// unobserved drops the events of routes.
var unobserved = legacy.Observer{
	Answered: func(string, string, int, time.Duration) {}, Compared: func(string, string) {}, CutBack: func(string) {},
}

// WithObserver sets the observer, all of whose functions are needed.
func WithObserver(o Observer) Option { return func(s *Server) { s.observe = o } }
