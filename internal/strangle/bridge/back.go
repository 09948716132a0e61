package bridge

import (
	"context"
	"encoding/json"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/services/order"
)

// Group is the listener's name at the broker.
const Group = "legacy"

// Facts are those of orders that have ended, or were refunded: the monolith knows decided
// orders only.
var Facts = []event.Declaration{order.ConfirmedFact.Declaration, order.CancelledFact.Declaration, order.RefundedFact.Declaration}

// Orders is the part of the order service that is asked for personal data, which no fact has.
type Orders interface {
	Address(ctx context.Context, id string) (order.Address, error)
}

// Back writes orders that were placed here back to the monolith, so that a cut-back loses
// none.
type Back struct {
	Monolith *monolith.Client
	Orders   Orders
}

// Listener returns the listener that does so for every fact. It skips orders that came from
// the monolith.
func (b Back) Listener() event.Listener {
	return event.Listener{Group: Group, Facts: Facts, Handle: func(ctx context.Context, e event.Event) error {
		var s order.Snapshot
		if err := json.Unmarshal(e.Data, &s); err != nil {
			return fault.Errorf(fault.Bug, fault.Invalid, "event %s: its data is no order: %w", e.ID, err)
		}
		err := b.Write(ctx, s, e.Sequence)
		if monolith.Refused(err) { // a person must look at it
			return fault.Wrap(err, fault.Bug, fault.Conflict, "the monolith does not take the order")
		}
		return err
	}}
}

// Write writes one order at a version, unless it came from the monolith. A repeat changes
// nothing.
func (b Back) Write(ctx context.Context, s order.Snapshot, version int64) error {
	if s.Origin != "" {
		return nil
	}
	to, err := b.Orders.Address(ctx, s.ID)
	if err != nil {
		return err //nolint:wrapcheck // a fault
	}
	o := monolith.Order{
		CustomerID: s.CustomerID, Status: string(s.Status), Reason: string(s.Reason), Currency: s.Currency,
		ShipTo: to, Version: version, CreatedAt: s.CreatedAt,
	}
	if s.Total != nil {
		o.Total = s.Total.Minor
	}
	if s.Refunded != nil {
		o.Refunded = s.Refunded.Minor
	}
	for _, l := range s.Lines {
		line := monolith.Line{SKU: l.SKU, Quantity: l.Quantity, UnitPrice: money.New(0, s.Currency)}
		if l.UnitPrice != nil {
			line.UnitPrice = *l.UnitPrice
		}
		o.Lines = append(o.Lines, line)
	}
	return b.Monolith.WriteBack(ctx, s.ID, o)
}
