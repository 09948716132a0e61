package reactions

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// style is that of the orders which go on by reactions.
const style = string(order.Choreographed)

// Steps of a choreographed order. Their names are those of an orchestrated one, and so are
// the keys of their calls.
const (
	quote     = "catalog.quote"
	reserve   = "inventory.reserve"
	commit    = "inventory.commit"
	authorize = "payment.authorize"
	capture   = "payment.capture"
	book      = "shipping.book"
)

// owes returns the effect that a step holds while it stands, in words.
func owes(step string) string { return course.Exposures[step].Words }

// reports are those of the services that react. The order service hears all of them: a
// failure asks for the abort, a stall is a flag of the order until it has ended.
var reports = []report.Facts{order.Reports, catalog.Reports, payment.Reports, inventory.Reports, shipping.Reports}

// Choreography returns the reactions that take an order forward, or back, without a
// workflow. The order service alone decides; all others report.
//
// Forward, each service takes its step when it hears that the one before is taken. Against
// it, the order service asks for the abort, and the payment service settles: either the
// capture is blocked for ever, or it has happened and the order goes forward. Only then the
// abort is decided, the other services give back what they hold, and the order ends when
// none of them holds anything.
func Choreography() choreography.Graph {
	return choreography.Graph{
		// A customer and the clock ask for an abort, too; the clock also tells the newest
		// fact of an order again that makes no progress.
		Begins:  declarations(order.PlacedFact, order.AbortAskedFact, order.AbortedFact),
		Ends:    declarations(order.ConfirmedFact, order.CancelledFact),
		Links:   slices.Concat(catalogLinks, orderForward, paymentLinks, inventoryLinks, shippingLinks, orderBack, orderReports()),
		Reports: reports,
	}
}

func declarations(facts ...event.Fact[order.Snapshot]) (all []event.Declaration) {
	for _, f := range facts {
		all = append(all, f.Declaration)
	}
	return all
}

// stepKey returns the key of the step of an order, which a workflow would use, too.
func stepKey(orderID, step string) key.Key { return key.New(orderID, step) }

// at returns when the event that ctx reacts to was told.
func at(ctx context.Context) time.Time {
	e, _ := event.Cause(ctx)
	return e.Time
}

// taken returns a step that is done.
func taken(ctx context.Context, step string) order.TakenStep {
	return order.TakenStep{Name: step, State: done, EndedAt: at(ctx)}
}

// only returns the error of a call whose result is told by the service itself.
func only[T any](_ T, err error) error { return err }

// unknown is the error of a reaction that needs a part of an order which its owner has not
// heard of yet.
func unknown(orderID, what string) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "the %s of order %s is not known yet", what, orderID)
}
