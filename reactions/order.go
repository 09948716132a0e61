package reactions

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/reactions/reason"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

var (
	keepTheQuoted = choreography.Reaction[catalog.QuotedData]{Group: "order", On: catalog.QuotedFact, Calls: "order.keep_quote", Abortable: true}
	// The capture follows the same fact, so a bug must not abort the order: it waits.
	keepTheBooked = choreography.Reaction[shipping.BookedData]{Group: "order", On: shipping.BookedFact, Calls: "order.keep_parcels"}

	confirmTheCommitted = choreography.Reaction[inventory.CommittedData]{
		Group: "order", On: inventory.CommittedFact, Calls: "order.confirm", Tells: declarations(order.ConfirmedFact),
	}
)

var orderForward = []choreography.Link{keepTheQuoted.Link(), keepTheBooked.Link(), confirmTheCommitted.Link()}

// objectTo returns the reaction to a refusal.
func objectTo[Data any](f event.Fact[Data]) choreography.Reaction[Data] {
	return choreography.Reaction[Data]{Group: "order", On: f, Calls: "order.object", Tells: declarations(order.AbortAskedFact)}
}

// countOn returns the reaction to the news that a service holds nothing any more.
func countOn[Data any](f event.Fact[Data]) choreography.Reaction[Data] {
	return choreography.Reaction[Data]{
		Group: "order", On: f, Calls: "order.release", If: "the last of them cancels the order", Tells: declarations(order.CancelledFact),
	}
}

var (
	objectToTheUnquoted   = objectTo(catalog.QuoteRefusedFact)
	objectToTheDeclined   = objectTo(payment.DeclinedFact)
	objectToTheRefused    = objectTo(inventory.RefusedFact)
	objectToTheUnbooked   = objectTo(shipping.RefusedFact)
	objectToTheUncaptured = objectTo(payment.CaptureRefusedFact)

	abortTheSettled = choreography.Reaction[payment.StepData]{
		Group: "order", On: payment.SettledFact, Calls: "order.abort", Tells: declarations(order.AbortedFact),
	}

	countTheVoided    = countOn(payment.VoidedFact)
	countTheReleased  = countOn(inventory.ReleasedFact)
	countTheCancelled = countOn(shipping.CancelledFact)
)

var orderBack = []choreography.Link{
	objectToTheUnquoted.Link(), objectToTheDeclined.Link(), objectToTheRefused.Link(), objectToTheUnbooked.Link(), objectToTheUncaptured.Link(),
	abortTheSettled.Link(),
	countTheVoided.Link(), countTheReleased.Link(), countTheCancelled.Link(),
}

// holders are the services that hold an effect of an order until it is decided.
var holders = []string{"inventory", "payment", "shipping"}

// Order returns the listener of the order service.
func Order(s course.Service) event.Listener {
	l := choreography.Listen("order", style)
	choreography.React(l, keepTheQuoted, func(ctx context.Context, id string, q catalog.QuotedData) error {
		kept := order.Quote{Total: q.Total}
		for _, line := range q.Lines {
			kept.Lines = append(kept.Lines, order.TakenLine{SKU: line.SKU, Quantity: line.Quantity, UnitPrice: &line.UnitPrice})
		}
		return s.Quoted(ctx, id, kept, taken(ctx, quote))
	})
	choreography.React(l, keepTheBooked, func(ctx context.Context, id string, b shipping.BookedData) error {
		var kept []order.Parcel
		for _, p := range b.Shipments {
			kept = append(kept, order.Parcel{Warehouse: p.Warehouse, TrackingNumber: p.TrackingNumber, State: string(p.State)})
		}
		return s.Booked(ctx, id, kept, taken(ctx, authorize), taken(ctx, reserve), taken(ctx, book))
	})
	choreography.React(l, confirmTheCommitted, func(ctx context.Context, id string, _ inventory.CommittedData) error {
		return only(s.Complete(ctx, id, taken(ctx, authorize), taken(ctx, reserve), taken(ctx, capture), taken(ctx, commit)))
	})

	object := func(ctx context.Context, id string, k key.Key, code fault.Code) error {
		return only(s.Object(ctx, id, course.Objection{Reason: reason.Of(code), Step: k.Step, Code: code}))
	}
	choreography.React(l, objectToTheUnquoted, func(ctx context.Context, id string, d catalog.RefusedData) error {
		return object(ctx, id, d.Key, d.Code)
	})
	choreography.React(l, objectToTheRefused, func(ctx context.Context, id string, d inventory.RefusedData) error {
		return object(ctx, id, d.Key, d.Code)
	})
	choreography.React(l, objectToTheUnbooked, func(ctx context.Context, id string, d shipping.RefusedData) error {
		return object(ctx, id, d.Key, d.Code)
	})
	for _, r := range []choreography.Reaction[payment.RefusedData]{objectToTheDeclined, objectToTheUncaptured} {
		choreography.React(l, r, func(ctx context.Context, id string, d payment.RefusedData) error {
			return object(ctx, id, d.Key, d.Code)
		})
	}

	choreography.React(l, abortTheSettled, func(ctx context.Context, id string, _ payment.StepData) error {
		return only(s.Abort(ctx, id, taken(ctx, capture)))
	})
	free := func(ctx context.Context, id, service string, k key.Key, held bool) error {
		var step order.TakenStep
		if held {
			step = order.TakenStep{Name: k.Step, State: undone, EndedAt: at(ctx)}
		}
		return only(s.Release(ctx, id, course.News{Service: service, Of: holders, Step: step}))
	}
	choreography.React(l, countTheVoided, func(ctx context.Context, id string, d payment.VoidedData) error {
		return free(ctx, id, "payment", d.Key, d.Held)
	})
	choreography.React(l, countTheReleased, func(ctx context.Context, id string, d inventory.ReleasedData) error {
		return free(ctx, id, "inventory", d.Key, len(d.Parcels) > 0)
	})
	choreography.React(l, countTheCancelled, func(ctx context.Context, id string, d shipping.CancelledData) error {
		return free(ctx, id, "shipping", d.Key, d.Held)
	})
	reactToReports(l, s)
	return l.Listener()
}
