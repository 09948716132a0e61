// Package serve has the commands that run one part of a platform in a process of
// its own: `amends api` and `amends worker`.
package serve

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"google.golang.org/grpc"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/event/inbox/retry"
	retryrpc "github.com/amends/amends/event/inbox/retry/rpc"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/admission"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	catalogrpc "github.com/amends/amends/services/catalog/rpc"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
	notificationrpc "github.com/amends/amends/services/notification/rpc"
	"github.com/amends/amends/services/order"
	orderrpc "github.com/amends/amends/services/order/rpc"
	paymentrpc "github.com/amends/amends/services/payment/rpc"
	queryrpc "github.com/amends/amends/services/query/rpc"
	shippingrpc "github.com/amends/amends/services/shipping/rpc"
	supportrpc "github.com/amends/amends/services/support/rpc"
	userrpc "github.com/amends/amends/services/user/rpc"
)

// NewAPI returns the API, which reads and writes orders through client only, for as
// long as ctx lives. options are its other neighbours.
func NewAPI(ctx context.Context, c *config.Config, client *engine.Client, log *slog.Logger, metrics *telemetry.Metrics, options ...api.Option) (*api.Server, error) {
	o := api.DefaultConfig()
	o.Orders.Queue = c.Services.Queues()["order"]
	o.Orders.Namespace = client.Namespace
	o.Orders.DataConverter = client.Payloads.Data
	o.Orders.DecideAfter = c.Saga.DecideAfter
	o.Orders.Express = c.Saga.Express
	o.Orders.Style = order.Style(c.Saga.Style)
	o.Orders.PlacementTimeout = c.PlacementTimeout
	o.Orders.Queues = slices.Collect(maps.Values(c.Services.Queues()))
	o.Orders.Admission = admission.Config{
		Least: c.Admission.MinInFlight, Most: c.Admission.MaxInFlight,
		Latency: min(c.Admission.Latency, c.PlacementTimeout/2), Wait: c.Admission.Wait, Backlog: c.Admission.Backlog,
	}
	configureEdge(&o, c)
	requests, err := metrics.Requests()
	if err != nil {
		return nil, err
	}
	routes, err := metrics.Routes()
	if err != nil {
		return nil, err
	}
	s, err := api.New(o, client, append(options, api.WithLogger(log), api.WithObserver(api.Observer{ //nolint:contextcheck // a request has its own
		Request: func(r edge.Observation) {
			metrics.Request(r.Method, r.Route, r.Status, r.Took)
			requests.Answered(r.Operation, r.Status)
		},
		Limited: requests.Limited, Placed: requests.Placed, Deprecated: requests.Deprecated,
		Routes: legacy.Observer{Answered: routes.Answered, Compared: routes.Compared, CutBack: routes.CutBack},
	}))...)
	if err != nil {
		return nil, err
	}
	return s, errors.Join(
		metrics.Placements(func() telemetry.Placements { return telemetry.Placements(s.Admission(ctx)) }),
		requests.Browsing(func() int64 { b := s.Browsing(ctx); return b.Busy + b.Backlogged }),
	)
}

// Neighbours returns the services that an API asks over p, for as long as parts live.
func Neighbours(ctx context.Context, parts *process.Parts, p *peers.Peers, log *slog.Logger) ([]api.Option, error) {
	var failed error
	letters := map[string]retry.Retrier{}
	dial := func(service string, options ...grpc.DialOption) grpc.ClientConnInterface {
		conn, err := p.Dial(ctx, parts, identity.Gateway, service, options...)
		failed = errors.Join(failed, err)
		letters[service] = retryrpc.NewClient(conn)
		return conn
	}
	once := grpc.WithDisableRetry() // the API repeats questions itself, under one budget
	all := shop.Services{
		Catalog:   catalogrpc.NewClient(dial("catalog", once)),
		Inventory: inventoryrpc.NewClient(dial("inventory", once)),
		Payment:   paymentrpc.NewClient(dial("payment", once)),
		Shipping:  shippingrpc.NewClient(dial("shipping", once)),

		Notification: notificationrpc.NewClient(dial("notification", once)),
	}
	orders := orderrpc.NewClient(dial("order"))
	all.Order = orders
	users := userrpc.NewClient(dial("user"))
	model := queryrpc.NewClient(dial("query"))
	cases := supportrpc.NewClient(dial("support"))
	if failed != nil {
		return nil, failed
	}
	verifier := token.NewVerifier(token.Config{Source: users, Logger: log})
	parts.Start(ctx, process.Part{Name: "ended sessions", Run: verifier.Run})
	return []api.Option{
		api.WithOrders(orders), api.WithRetry(retrying(letters)), api.WithServices(all), api.WithGateways(p.Gateways(ctx, parts)),
		api.WithVerifier(verifier), api.WithReadiness(verifier.Ready), api.WithUsers(users, verifier), api.WithQuery(model), api.WithCases(cases),
	}, nil
}

// Messages returns the messages to customers, which are asked over p, for as long as parts
// live; nil if p is.
func Messages(ctx context.Context, parts *process.Parts, p *peers.Peers) (operator.Messages, error) {
	if p == nil {
		return nil, nil //nolint:nilnil // they cannot be asked
	}
	conn, err := p.Dial(ctx, parts, identity.Gateway, "notification")
	if err != nil {
		return nil, err
	}
	return notificationrpc.NewClient(conn), nil
}

// NewAdmin returns the server of the admin address, with the probes, repairs and letters
// of a; it adds the rest.
func NewAdmin(c *config.Config, a api.Admin, metrics *telemetry.Metrics, log *slog.Logger) *http.Server {
	a.Metrics, a.Profiles, a.Logger = metrics.Handler(), c.Profiles, log
	a.Payloads, a.WebUI = c.Payloads(), c.Temporal.UIURL
	for _, o := range c.Operators() {
		a.Operators = append(a.Operators, operator.Operator{Name: o.Name, Secret: string(o.Secret)})
	}
	return api.AdminServer(c.AdminAddr, api.NewAdmin(a), log)
}
