package place

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/internal/orders/admission"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/workflows"
)

// existing answers for an order whose workflow is closed without an outcome of this
// placement, but only if the request is known to be the one that placed it. An order that
// was stopped before it began is placed again.
func (p *Placer) existing(ctx context.Context, id string, order workflows.Placement, turn *admission.Turn) (Placed, error) {
	input, unread := p.orders.Input(ctx, id)
	if unread != nil && !errors.Is(unread, read.ErrNotPlaced) {
		return unknownPlacement(id, unread)
	}
	if unread == nil && input.Placement.Fingerprint != order.Fingerprint {
		return Placed{}, call.Refuse(KeyReused)
	}
	switch never, err := p.orders.NeverBegan(ctx, id); {
	case err != nil:
		return unknownPlacement(id, err)
	case never:
		return p.again(ctx, id, order, turn)
	case unread != nil:
		return unknownPlacement(id, unread)
	}
	now, err := p.orders.Find(ctx, id)
	if err != nil {
		return unknownPlacement(id, err)
	}
	return Placed{Snapshot: now, Replayed: true}, nil
}

// again starts the workflow of an order anew whose last run was stopped before it began.
// Of several repeats at once one starts it, and the others attach: the engine starts a
// run only if the last one was stopped, and refuses it if another has decided since.
func (p *Placer) again(ctx context.Context, id string, order workflows.Placement, turn *admission.Turn) (Placed, error) {
	result, err := p.startOrAttach(ctx, id, order, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)
	if err != nil {
		turn.Lost()
		return unknownPlacement(id, err)
	}
	return p.outcome(ctx, order, result)
}

// outcome answers with the outcome of an order's first placement.
func (p *Placer) outcome(ctx context.Context, order workflows.Placement, result workflows.PlaceResult) (Placed, error) {
	switch {
	case result.Fingerprint != order.Fingerprint:
		return Placed{}, call.Refuse(KeyReused)
	case result.Nonce == order.Nonce:
		return Placed{Snapshot: read.Snapshot{OrderView: result.Order, Source: read.FromWorkflow}}, nil
	}
	// The outcome shows the order as the first call left it. The present state is
	// worth a question, but not worth failing for.
	now, err := p.orders.Find(ctx, result.Order.ID)
	if err != nil {
		now = read.Snapshot{OrderView: result.Order, Source: read.FromWorkflow}
	}
	return Placed{Snapshot: now, Replayed: true}, nil
}
