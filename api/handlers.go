package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/workflows"
)

// PlaceOrder places an order, or finds the one that an earlier call placed.
func (s *Server) PlaceOrder(ctx context.Context, r contract.PlaceOrderRequestObject) (contract.PlaceOrderResponseObject, error) {
	start := time.Now()
	order, err := s.orders.Place(ctx, placement(*r.Body), r.Params.IdempotencyKey)
	if err != nil && order.ID != "" {
		return nil, &problem.Problem{Code: fault.CodeOf(err), Location: location(order.ID), Cause: err}
	}
	if err != nil {
		return nil, err
	}
	var replayed *string
	if order.Replayed {
		replayed = new("true")
	}
	at := new(location(order.ID))

	if wait, ok := s.wait(r.Params.Prefer); ok {
		if s.await(ctx, &order.Snapshot, start.Add(wait)) {
			return contract.PlaceOrder200JSONResponse{Body: render(order.Snapshot), Headers: contract.PlaceOrder200ResponseHeaders{
				IdempotencyReplayed: replayed, Location: at,
				PreferenceApplied: new("wait=" + strconv.Itoa(int(wait.Seconds()))),
			}}, nil
		}
	}
	return contract.PlaceOrder202JSONResponse{Body: render(order.Snapshot), Headers: contract.PlaceOrder202ResponseHeaders{
		IdempotencyReplayed: replayed, Location: at,
	}}, nil
}

func (s *Server) wait(prefer *string) (time.Duration, bool) {
	if prefer == nil {
		return 0, false
	}
	return preferredWait(*prefer)
}

// await waits until the order is decided, until a time, or until the server is
// to stop. It says whether the order is decided, and leaves in order what is known
// of it then.
func (s *Server) await(ctx context.Context, order *orders.Snapshot, until time.Time) bool {
	if order.Decided() {
		return true
	}
	request := ctx
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	go func() {
		select {
		case <-s.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	decided, ok := s.orders.Await(ctx, order.ID)
	if ok {
		*order = decided
		return true
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		// Whoever has waited wants to know how far it has come, not how it began.
		if now, err := s.orders.Find(request, order.ID); err == nil && now.Source == orders.FromWorkflow {
			*order = now
		}
	}
	return order.Decided()
}

// GetOrder returns an order.
func (s *Server) GetOrder(ctx context.Context, r contract.GetOrderRequestObject) (contract.GetOrderResponseObject, error) {
	id, err := parseOrderID(r.Id)
	if err != nil {
		return nil, err
	}
	order, err := s.orders.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return contract.GetOrder200JSONResponse{Body: render(order), Headers: contract.GetOrder200ResponseHeaders{CacheControl: new("no-store")}}, nil
}

// CancelOrder cancels an order.
func (s *Server) CancelOrder(ctx context.Context, r contract.CancelOrderRequestObject) (contract.CancelOrderResponseObject, error) {
	id, err := parseOrderID(r.Id)
	if err != nil {
		return nil, err
	}
	order, err := s.orders.Cancel(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Decided() {
		return contract.CancelOrder200JSONResponse(render(order)), nil
	}
	return contract.CancelOrder202JSONResponse{Body: render(order), Headers: contract.CancelOrder202ResponseHeaders{Location: new(location(id))}}, nil
}

// GetHealth says that the process is alive.
func (s *Server) GetHealth(context.Context, contract.GetHealthRequestObject) (contract.GetHealthResponseObject, error) {
	return contract.GetHealth200JSONResponse{Status: contract.HealthOK}, nil
}

// GetReadiness says whether orders can be served.
func (s *Server) GetReadiness(ctx context.Context, _ contract.GetReadinessRequestObject) (contract.GetReadinessResponseObject, error) {
	if err := s.Ready(ctx); err != nil {
		return nil, err
	}
	return contract.GetReadiness200JSONResponse{Status: contract.HealthOK}, nil
}

// placement is what a valid body asks for.
func placement(body contract.PlaceOrder) workflows.Placement {
	p := workflows.Placement{
		CustomerID:   body.CustomerId,
		Currency:     money.Currency(body.Currency), // the contract's format has parsed it
		PaymentToken: body.PaymentToken,
		ShipTo: workflows.Address{
			Name: body.ShipTo.Name, Line1: body.ShipTo.Line1, City: body.ShipTo.City,
			PostalCode: body.ShipTo.PostalCode, Country: body.ShipTo.Country,
		},
	}
	if body.ShipTo.Line2 != nil {
		p.ShipTo.Line2 = *body.ShipTo.Line2
	}
	for _, l := range body.Lines {
		p.Lines = append(p.Lines, workflows.Line{SKU: l.Sku, Quantity: l.Quantity})
	}
	return p
}
