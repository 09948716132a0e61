package continued_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// ending is how an order ends.
type ending struct {
	status order.Status
	reason order.Reason
}

func (e ending) String() string { return strings.TrimSpace(fmt.Sprintf("%s %s", e.status, e.reason)) }

var confirmed = ending{status: order.Confirmed}

func cancelled(why order.Reason) ending { return ending{order.Cancelled, why} }

// pivot is the order saga's point of no return.
const pivot = "payment.capture"

// right returns how an order may end from a cut on, in its world; more than one
// end only if two reasons arrived at once.
func (l *lane) right(ctx context.Context, c cut, undo bool) ([]ending, error) {
	record, err := l.shop.Orders.Get(ctx, c.input.OrderID)
	switch {
	case err != nil && fault.CodeOf(err) != fault.NotFound:
		return nil, err
	case err == nil && record.Status != order.Pending: // a decision stays
		return []ending{{record.Status, record.Reason}}, nil
	case err == nil && record.Decided != "": // even if it is not undone yet
		return []ending{cancelled(record.Decided)}, nil
	}
	payments, err := l.shop.Payments.Payments(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(payments, func(p payment.Payment) bool { return p.State == payment.Captured }) {
		return []ending{confirmed}, nil
	}
	past := c.past()
	switch {
	case past.pivot:
		return []ending{c.destiny}, nil // the pivot alone decides
	case len(past.reasons) > 0:
		ends := make([]ending, 0, len(past.reasons)+1)
		for _, why := range past.reasons {
			ends = append(ends, cancelled(why))
		}
		if undo && past.fresh {
			ends = append(ends, cancelled(order.CustomerRequest))
		}
		return ends, nil
	case undo:
		return []ending{cancelled(order.CustomerRequest)}, nil
	}
	return []ending{c.destiny}, nil
}

// past is the recorded part of a saga's decision.
type past struct {
	pivot   bool           // it was scheduled, and nothing had decided the saga before
	reasons []order.Reason // for which it was aborted; several came at once
	fresh   bool           // no workflow task has seen them
	bug     bool           // a step contradicted itself, which needs a person
}

// past reads the events of a cut.
func (c cut) past() past {
	var p past
	steps := map[int64]string{}
	add := func(why order.Reason) {
		if (len(p.reasons) == 0 || p.fresh) && !p.pivot {
			p.reasons, p.fresh = append(p.reasons, why), true
		}
	}
	decideBy := c.input.OnEngineClock(c.events[0].GetEventTime().AsTime()).Placement.DecideBy
	late := func(at time.Time) bool { return !at.Before(decideBy) }
	begun := false
	if c.resumes() { // no deadline has passed
		add(order.Deadline)
	}
	for _, event := range c.events {
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			p.fresh = false
			started := event.GetWorkflowTaskCompletedEventAttributes().GetStartedEventId()
			if !begun && late(c.golden.events[started-1].GetEventTime().AsTime()) {
				add(order.Deadline)
				p.fresh = false
			}
			begun = true
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			a := event.GetActivityTaskScheduledEventAttributes()
			steps[event.GetEventId()] = a.GetActivityType().GetName()
			p.pivot = p.pivot || a.GetActivityType().GetName() == pivot && len(p.reasons) == 0
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
			a := event.GetActivityTaskFailedEventAttributes()
			if why, kind := refusal(steps[a.GetScheduledEventId()], a.GetFailure()); kind != "" {
				add(why)
				p.bug = p.bug || kind == fault.Bug
			}
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			step, f, _ := local(event) // the history has replayed, so its markers decode
			if why, kind := refusal(step, f); kind == fault.Business {
				add(why)
				p.fresh = false // in the task that made the call
			}
		case enumspb.EVENT_TYPE_TIMER_FIRED:
			if late(event.GetEventTime().AsTime()) {
				add(order.Deadline)
			}
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
			add(order.CustomerRequest)
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED: // from the run that was reset, handed to this one
			if event.GetWorkflowExecutionUpdateAdmittedEventAttributes().GetRequest().GetInput().GetName() == saga.UpdateCancel {
				add(order.CustomerRequest)
			}
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
			if event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName() == saga.UpdateCancel {
				add(order.CustomerRequest)
			}
		}
	}
	if !begun && late(c.at) {
		add(order.Deadline)
	}
	return p
}

// refusal returns the reason of an order whose step failed like that before its
// pivot, and the kind of the failure; none if it decides nothing.
func refusal(step string, f *failurepb.Failure) (order.Reason, fault.Kind) {
	app := f.GetApplicationFailureInfo()
	if !app.GetNonRetryable() || strings.HasSuffix(step, ".undo") || strings.HasSuffix(step, ".settle") {
		return "", ""
	}
	var details struct{ Kind fault.Kind }
	if err := decode(app.GetDetails(), &details); err != nil {
		return order.Internal, fault.Bug
	}
	if details.Kind != fault.Business {
		return order.Internal, details.Kind
	}
	switch step {
	case "inventory.reserve":
		return order.OutOfStock, details.Kind
	case "payment.authorize", pivot:
		return order.PaymentDeclined, details.Kind
	case "shipping.book":
		return order.Undeliverable, details.Kind
	}
	return order.Reason(app.GetType()), details.Kind // the quote's codes are the reasons
}

// foresee takes an order's steps by hand, without any workflow, and returns how
// the order ends without interference.
func (l *lane) foresee(ctx context.Context, g *golden) (ending, error) {
	if err := l.shop.Reset(ctx); err != nil {
		return ending{}, err
	}
	asked := g.input.Placement
	var (
		quote       struct{ Output catalog.Quote }
		reservation struct{ Output inventory.Reservation }
	)
	request := catalog.QuoteRequest{Currency: asked.Currency}
	reserve := inventory.ReserveRequest{}
	for _, line := range asked.Lines {
		request.Lines = append(request.Lines, catalog.Line(line))
		reserve.Lines = append(reserve.Lines, inventory.Line(line))
	}
	for _, step := range []struct {
		name  string
		input func() any
		into  any
	}{
		{"catalog.quote", func() any { return request }, &quote},
		{"inventory.reserve", func() any { return reserve }, &reservation},
		{"payment.authorize", func() any { return payment.AuthorizeRequest{Amount: quote.Output.Total, Token: asked.PaymentToken} }, nil},
		{"shipping.book", func() any {
			book := shipping.BookRequest{ShipTo: shipping.Address(asked.ShipTo)}
			for _, p := range reservation.Output.Parcels {
				parcel := shipping.Parcel{Warehouse: p.Warehouse}
				for _, line := range p.Lines {
					parcel.Lines = append(parcel.Lines, shipping.Line(line))
				}
				book.Parcels = append(book.Parcels, parcel)
			}
			return book
		}, nil},
		{pivot, func() any { return payment.CaptureRequest{Amount: quote.Output.Total} }, nil},
	} {
		input := step.input()
		if hold, ok := input.(payment.AuthorizeRequest); ok && hold.Amount.IsZero() {
			continue // there is no authorization of nothing
		}
		call, err := encode(map[string]any{"key": key.New(g.input.OrderID, step.name), "input": input})
		if err != nil {
			return ending{}, err
		}
		done, err := l.retried(step.name, call)
		if err != nil {
			return ending{}, err
		}
		if done.failure != nil {
			why, kind := refusal(step.name, done.failure)
			if kind != fault.Business {
				return ending{}, fmt.Errorf("%s fails by hand: %s", step.name, done.failure.GetMessage())
			}
			return cancelled(why), nil
		}
		if step.into != nil {
			if err := decode(done.result, step.into); err != nil {
				return ending{}, err
			}
		}
	}
	return confirmed, nil
}

func decode(p *commonpb.Payloads, into any) error {
	return converter.GetDefaultDataConverter().FromPayloads(p, into)
}

func encode(v any) (*commonpb.Payloads, error) {
	return converter.GetDefaultDataConverter().ToPayloads(v)
}
