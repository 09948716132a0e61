package place

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/admission"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

const choreographed = order.Choreographed

// choreographed places an order that needs no workflow: its record begins its saga. If
// there is a record already, that is the order, whichever style it has.
func (p *Placer) choreographed(
	ctx context.Context, order workflows.Placement, id, earlier string, contact Contact, turn *admission.Turn,
) (Placed, error) {
	id, err := p.either(ctx, id, earlier)
	if err != nil {
		return Placed{}, err
	}
	if err := p.keep(ctx, id, order, contact); err != nil {
		return Placed{}, err
	}
	rec, err := p.records.Place(ctx, id, order, p.config.DecideAfter, p.config.Timeout)
	switch fault.KindOf(err) {
	case "":
	case fault.Transient:
		return Placed{}, call.Harmless(err)
	case fault.Business:
		return Placed{}, err //nolint:wrapcheck // a refusal
	default:
		turn.Lost()
		return unknownPlacement(id, err)
	}
	now, err := read.OfRecord(rec)
	if err != nil {
		return unknownPlacement(id, err)
	}
	order.Style = "" // if it is placed again, it is as a workflow
	return p.answer(ctx, order, first{rec.Placement.Fingerprint, rec.Placement.Nonce, now}, turn)
}
