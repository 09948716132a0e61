// Package orders answers the public operations of orders: it turns valid bodies into
// placements, asks the engine through internal/orders, and renders the answers as the
// contract's models.
package orders

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/read"
	service "github.com/amends/amends/services/order"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/workflows"
)

// Handlers answers the operations of orders.
type Handlers struct {
	orders   *orders.Client
	access   *Access
	model    query.Orders // or nil
	quoter   Quoter
	draining <-chan struct{}
}

// New returns handlers that ask the engine through o, for those to whom a gives access, and
// list orders of the read model m, nil for none, and price orders by q. Requests that only wait for a decision are
// answered once draining is closed.
func New(o *orders.Client, a *Access, m query.Orders, q Quoter, draining <-chan struct{}) *Handlers {
	return &Handlers{o, a, m, q, draining}
}

// Forms returns how the bodies of the operations are read.
func Forms(spec *openapi3.T) (body.Binder, error) {
	place, err := contract.Schema(spec, "PlaceOrder")
	if err != nil {
		return nil, err
	}
	cancel, err := contract.Schema(spec, "CancelOrder")
	return body.Binder{
		reflect.TypeFor[*contract.PlaceOrder]():  {Schema: place, Rules: placementRules},
		reflect.TypeFor[*contract.CancelOrder](): {Schema: cancel, Optional: true},
	}, err
}

// PlaceOrder places an order, or finds the one that an earlier call placed.
func (h *Handlers) PlaceOrder(ctx context.Context, r contract.PlaceOrderRequestObject) (contract.PlaceOrderResponseObject, error) {
	start := time.Now()
	wanted := placement(*r.Body)
	as, err := h.access.place(ctx, wanted.CustomerID, r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	wanted.CustomerID = as.customer
	if r.Params.AmendsDryRun != nil && *r.Params.AmendsDryRun {
		return h.dryRun(ctx, *r.Body, as)
	}
	order, err := h.orders.Place(ctx, wanted, as.id, as.earlier, h.access.contact(r.Body.Contact))
	claim := h.access.claim(ctx, order.ID)
	if err != nil {
		p := problem.Of(err)
		if order.ID != "" { // it may exist
			p.Location, p.Claim = location(order.ID), orEmpty(claim)
		}
		return nil, p
	}
	var replayed *string
	if order.Replayed {
		replayed = new("true")
	}
	at, version := new(location(order.ID)), new(Version(order.ID, 1))

	if wait, ok := wait(r.Params.Prefer); ok {
		if h.await(ctx, &order.Snapshot, start.Add(wait)) {
			return contract.PlaceOrder200JSONResponse{Body: Render(order.Snapshot), Headers: contract.PlaceOrder200ResponseHeaders{
				AmendsClaim: claim, AmendsVersion: version, IdempotencyReplayed: replayed, Location: at,
				PreferenceApplied: new("wait=" + strconv.Itoa(int(wait.Seconds()))),
			}}, nil
		}
	}
	return contract.PlaceOrder202JSONResponse{Body: Render(order.Snapshot), Headers: contract.PlaceOrder202ResponseHeaders{
		AmendsClaim: claim, AmendsVersion: version, IdempotencyReplayed: replayed, Location: at,
	}}, nil
}

func wait(prefer *string) (time.Duration, bool) {
	if prefer == nil {
		return 0, false
	}
	return header.PreferredWait(*prefer)
}

// await waits until the order is decided, until a time, or until the server drains.
// It reports whether the order is decided, and leaves its newest state in order.
func (h *Handlers) await(ctx context.Context, order *read.Snapshot, until time.Time) bool {
	if order.Decided() {
		return true
	}
	request := ctx
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	go func() {
		select {
		case <-h.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	decided, ok := h.orders.Await(ctx, *order)
	if ok {
		*order = decided
		return true
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		// A client that has waited learns how far the order has come, not how it began.
		find := h.orders.Find
		if order.Style == service.Choreographed {
			find = h.orders.FindRecord
		}
		if now, err := find(request, order.ID); err == nil && (now.Source == read.FromWorkflow || now.Style == service.Choreographed) {
			*order = now
		}
	}
	return order.Decided()
}

// GetOrder returns an order.
func (h *Handlers) GetOrder(ctx context.Context, r contract.GetOrderRequestObject) (contract.GetOrderResponseObject, error) {
	id, err := ParseID(r.Id)
	if err != nil {
		return nil, err
	}
	since, err := sinceOf(r.Params.AmendsMinVersion, r.Params.Prefer)
	if err != nil {
		return nil, err
	}
	order, stale, err := h.access.FindSince(ctx, id, since.of(id))
	if err != nil {
		return nil, err
	}
	out := contract.GetOrder200JSONResponse{Body: Render(order), Headers: contract.GetOrder200ResponseHeaders{CacheControl: new("no-store")}}
	if order.Source == read.FromReadModel {
		out.Headers.AmendsAsOf, out.Headers.AmendsVersion = header.AsOf(order.AsOf), new(Version(id, order.Version))
	}
	if stale {
		out.Body.Stale = new(true)
	}
	return out, nil
}

// CancelOrder cancels an order.
func (h *Handlers) CancelOrder(ctx context.Context, r contract.CancelOrderRequestObject) (contract.CancelOrderResponseObject, error) {
	id, err := ParseID(r.Id)
	if err != nil {
		return nil, err
	}
	if err := h.access.own(ctx, id); err != nil {
		return nil, err
	}
	order, err := h.orders.Cancel(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Decided() {
		return contract.CancelOrder200JSONResponse(Render(order)), nil
	}
	return contract.CancelOrder202JSONResponse{Body: Render(order), Headers: contract.CancelOrder202ResponseHeaders{Location: new(location(id))}}, nil
}

// placement returns the placement that a valid body asks for.
func placement(body contract.PlaceOrder) workflows.Placement {
	p := workflows.Placement{
		CustomerID:   body.CustomerId,
		Currency:     money.Currency(body.Currency), // the contract's format has parsed it
		Style:        service.Style(body.Style),
		PaymentToken: body.PaymentToken,
		ShipTo: workflows.Address{
			Name: body.ShipTo.Name, Line1: body.ShipTo.Line1, Line2: orEmpty(body.ShipTo.Line2), City: body.ShipTo.City,
			PostalCode: body.ShipTo.PostalCode, Region: orEmpty(body.ShipTo.Region), Country: body.ShipTo.Country,
		},
	}
	for _, l := range body.Lines {
		p.Lines = append(p.Lines, workflows.Line{SKU: l.Sku, Quantity: l.Quantity})
	}
	return p
}

// orEmpty returns an optional field, "" if it is absent.
func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
