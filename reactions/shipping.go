package reactions

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/shipping"
)

var (
	bookTheReserved = choreography.Reaction[inventory.ReservedData]{
		Group: "shipping", On: inventory.ReservedFact, Calls: book, Owes: owes(book), Abortable: true,
		Tells: []event.Declaration{shipping.BookedFact.Declaration, shipping.RefusedFact.Declaration},
	}
	cancelTheAborted = choreography.Reaction[order.Snapshot]{
		Group: "shipping", On: order.AbortedFact, Calls: "shipping.cancel", Step: book, Owes: owes(book),
		Tells: []event.Declaration{shipping.CancelledFact.Declaration},
	}
)

var shippingLinks = []choreography.Link{bookTheReserved.Link(), cancelTheAborted.Link()}

// Shipping returns the listener of the shipping service.
func Shipping(s shipping.Service, orders course.Parts) event.Listener {
	l := choreography.Listen("shipping", style)
	choreography.React(l, bookTheReserved, func(ctx context.Context, id string, r inventory.ReservedData) error {
		to, err := orders.Destination(ctx, id)
		if err != nil {
			return err //nolint:wrapcheck // a fault
		}
		return only(s.Book(ctx, stepKey(id, book), shipping.BookRequest{ShipTo: shipping.Address(to), Parcels: parcels(r.Reservation)}))
	})
	choreography.React(l, cancelTheAborted, func(ctx context.Context, id string, _ order.Snapshot) error {
		return s.Cancel(ctx, stepKey(id, book))
	})
	return l.Listener()
}

func parcels(r inventory.Reservation) []shipping.Parcel {
	out := make([]shipping.Parcel, 0, len(r.Parcels))
	for _, p := range r.Parcels {
		parcel := shipping.Parcel{Warehouse: p.Warehouse}
		for _, line := range p.Lines {
			parcel.Lines = append(parcel.Lines, shipping.Line(line))
		}
		out = append(out, parcel)
	}
	return out
}
