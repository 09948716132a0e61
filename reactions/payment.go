package reactions

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

var (
	authorizeTheQuoted = choreography.Reaction[catalog.QuotedData]{
		Group: "payment", On: catalog.QuotedFact, Calls: authorize, If: "the order costs something", Owes: owes(authorize), Abortable: true,
		Tells: []event.Declaration{payment.AuthorizedFact.Declaration, payment.DeclinedFact.Declaration},
	}
	captureTheBooked = choreography.Reaction[shipping.BookedData]{
		Group: "payment", On: shipping.BookedFact, Calls: capture, Owes: owes(capture), Abortable: true,
		Tells: []event.Declaration{payment.CapturedFact.Declaration, payment.CaptureRefusedFact.Declaration},
	}
	settleTheDoubted = choreography.Reaction[order.Snapshot]{
		Group: "payment", On: order.AbortAskedFact, Calls: "payment.settle_capture", Step: capture, Owes: owes(capture),
		Tells: []event.Declaration{payment.SettledFact.Declaration, payment.CapturedFact.Declaration},
	}
	voidTheAborted = choreography.Reaction[order.Snapshot]{
		Group: "payment", On: order.AbortedFact, Calls: "payment.void", Step: authorize, Owes: owes(authorize),
		Tells: []event.Declaration{payment.VoidedFact.Declaration},
	}
)

var paymentLinks = []choreography.Link{
	authorizeTheQuoted.Link(), captureTheBooked.Link(), settleTheDoubted.Link(), voidTheAborted.Link(),
}

// Payment returns the listener of the payment service.
func Payment(s payment.Service, orders course.Parts) event.Listener {
	l := choreography.Listen("payment", style)
	choreography.React(l, authorizeTheQuoted, func(ctx context.Context, id string, q catalog.QuotedData) error {
		if q.Total.IsZero() {
			return nil // there is no authorization of nothing
		}
		due, err := orders.Payable(ctx, id)
		if err != nil {
			return err //nolint:wrapcheck // a fault
		}
		return only(s.Authorize(ctx, stepKey(id, authorize), payment.AuthorizeRequest{Amount: q.Total, Token: due.Token}))
	})
	choreography.React(l, captureTheBooked, func(ctx context.Context, id string, _ shipping.BookedData) error {
		amount, err := amountOf(ctx, s, orders, id)
		if err != nil {
			return err
		}
		return only(s.Capture(ctx, stepKey(id, capture), payment.CaptureRequest{Amount: amount}))
	})
	choreography.React(l, settleTheDoubted, func(ctx context.Context, id string, _ order.Snapshot) error {
		_, _, err := s.SettleCapture(ctx, stepKey(id, capture)) // it tells which
		return err                                              //nolint:wrapcheck // a fault
	})
	choreography.React(l, voidTheAborted, func(ctx context.Context, id string, _ order.Snapshot) error {
		return s.Void(ctx, stepKey(id, authorize))
	})
	return l.Listener()
}

// amountOf returns the amount to capture: the one that is held. An order for which
// nothing is held costs nothing, and its owner says in which currency. If it says another
// price the capture fails as a bug.
func amountOf(ctx context.Context, s payment.Direct, orders course.Parts, id string) (money.Amount, error) {
	held, err := s.Get(ctx, id)
	if fault.CodeOf(err) != fault.NotFound {
		return held.Amount, err //nolint:wrapcheck // a fault
	}
	due, err := orders.Payable(ctx, id)
	switch {
	case err != nil:
		return money.Amount{}, err //nolint:wrapcheck // a fault
	case due.Total == nil:
		return money.Amount{}, unknown(id, "total")
	}
	return *due.Total, nil
}
