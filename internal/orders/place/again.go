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
	switch never, err := p.neverBegan(ctx, id); {
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
	return Placed{Snapshot: now, Replayed: input.Placement.Nonce != order.Nonce}, nil
}

// again starts the workflow of an order anew whose last run was stopped before it began.
// Of several repeats at once one starts it, and the others attach: the engine starts a
// run only if the last one was stopped, and refuses it if another has decided since.
func (p *Placer) again(ctx context.Context, id string, order workflows.Placement, turn *admission.Turn) (Placed, error) {
	placed, err := p.submit(ctx, id, order, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)
	if err != nil {
		turn.Lost()
		return unknownPlacement(id, err)
	}
	return p.outcome(ctx, order, placed)
}

// outcome answers with an order's first placement, or as the order stands now.
func (p *Placer) outcome(ctx context.Context, order workflows.Placement, placed first) (Placed, error) {
	switch {
	case placed.fingerprint != order.Fingerprint:
		return Placed{}, call.Refuse(KeyReused)
	case placed.nonce == order.Nonce:
		return Placed{Snapshot: placed.order}, nil
	case placed.order.Style == choreographed: // its record is how it stands
		return Placed{Snapshot: placed.order, Replayed: true}, nil
	}
	// The outcome may show the order as the first call left it. The present state is
	// worth a question, but not worth failing for.
	now, err := p.orders.Find(ctx, placed.order.ID)
	if err != nil {
		now = placed.order
	}
	return Placed{Snapshot: now, Replayed: true}, nil
}
