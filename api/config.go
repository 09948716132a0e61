package api

import (
	"log/slog"

	"github.com/amends/amends/api/cases"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/settings"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/api/users"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/services/query"
)

// Config configures a [Server]. Start from [DefaultConfig].
type Config = settings.Config

// DefaultConfig returns the defaults; Orders.Queue is left to set.
func DefaultConfig() Config { return settings.Default() }

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
type Observer = settings.Observer

// WithObserver sets the observer, all of whose functions are needed.
func WithObserver(o Observer) Option { return func(s *Server) { s.observe = o } }
