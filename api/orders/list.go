package orders

import (
	"context"
	"time"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/services/query"
)

// listTime bounds a list behind its wait for a version, for which its route has its time.
const listTime = 4 * time.Second

const unlisted = "The orders cannot be listed right now."

// ListOrders lists the caller's orders.
func (h *Handlers) ListOrders(ctx context.Context, r contract.ListOrdersRequestObject) (contract.ListOrdersResponseObject, error) {
	since, err := sinceOf(r.Params.AmendsMinVersion, r.Params.Prefer)
	if err != nil {
		return nil, err
	}
	account, p := caller.From(ctx).Account, r.Params
	switch {
	case account == "": // the edge lets no such caller in, and the filter would select all
		return nil, notYours()
	case h.model == nil:
		return nil, problem.NoReadModel()
	}
	own := query.OrderFilter{
		Account: account, Status: query.Status(parameter.Value(p.Status)), SKU: parameter.Value(p.Sku),
		PlacedAfter: parameter.Value(p.PlacedAfter), PlacedBefore: parameter.Value(p.PlacedBefore), Text: parameter.Value(p.Q),
		Limit: parameter.Limit(p.Limit), Cursor: parameter.Value(p.Cursor),
	}
	current := h.caught(ctx, since)
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	page, err := h.model.Orders(ctx, own)
	if err != nil {
		return nil, problem.Unlisted(err, unlisted)
	}
	out := contract.ListOrders200JSONResponse{Body: RenderPage(page), Headers: contract.ListOrders200ResponseHeaders{AmendsAsOf: header.AsOf(page.AsOf)}}
	if !current {
		out.Body.Stale = new(true)
	}
	return out, nil
}

// caught waits until the read model has a version of the caller's order, and reports whether
// it has. Of an order of another caller it tells nothing: it waits as for one that there is
// not.
func (h *Handlers) caught(ctx context.Context, s since) bool {
	if s.Version == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, s.Patience+answerTime)
	defer cancel()
	end := time.NewTimer(s.Patience)
	defer end.Stop()
	if reached, err := h.model.WaitFor(ctx, s.order, s.Version, s.Patience); err != nil || !reached {
		return false
	}
	if found, err := h.model.Order(ctx, s.order); err == nil && found.Order.Account == caller.From(ctx).Account {
		return true
	}
	select {
	case <-end.C:
	case <-ctx.Done():
	}
	return false
}

// answerTime is how long the read model has to answer, beside the time that it is asked to
// wait.
const answerTime = time.Second

// RenderPage renders a page; its list is never null.
func RenderPage(p query.OrderPage) contract.OrderList {
	out := contract.OrderList{Orders: []contract.Order{}, NextCursor: Optional(p.Next)}
	for _, found := range p.Orders {
		found.AsOf = p.AsOf
		out.Orders = append(out.Orders, Render(lookup.Snapshot(found)))
	}
	return out
}
