package activities

import (
	"context"
	"fmt"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// Steps of the order service. They are local: its worker runs the workflow.
var (
	// CreateOrder makes the order durable. It has no undo: ConfirmOrder or CancelOrder
	// ends the order.
	CreateOrder = saga.Step[order.Placement, order.Record]{
		Name: "order.create", Kind: saga.Recorded,
		Summary: func(order.Placement) string { return "make the order durable" },
		Redact:  order.Placement.Redacted,
	}
	// DecideOrder records why the order's saga is aborted, before anything is undone. It
	// returns the record, with the reason that was recorded first and with the waived
	// undos. Without a record it returns an empty one: steps that took effect must be
	// undone all the same.
	DecideOrder = saga.Step[order.Decision, order.Record]{
		Name: "order.decide", Kind: saga.Recorded,
		Summary: func(d order.Decision) string { return "abort the order: " + string(d.Reason) },
	}
	// NoteOrder records the saga's flags and waivers with the order. It is not part of
	// the saga's plan, because it only repeats the saga's state.
	NoteOrder = saga.Step[order.Note, saga.None]{
		Name: "order.note", Kind: saga.Recorded,
		Summary: func(n order.Note) string {
			return fmt.Sprintf("%d steps need attention, %d are waived", len(n.Attention), len(n.Waivers))
		},
	}
	// ConfirmOrder is the last step of a committed saga.
	ConfirmOrder = saga.Step[order.Closing, order.Record]{
		Name: "order.confirm", Kind: saga.Closing,
		Summary: func(order.Closing) string { return "confirm the order" },
	}
	// CancelOrder is the last step of an aborted saga.
	CancelOrder = saga.Step[order.Closing, order.Record]{
		Name: "order.cancel", Kind: saga.Closing,
		Summary: func(c order.Closing) string { return "cancel the order: " + string(c.Reason) },
	}
)

// Requests returns the placement in the input of an order's saga, the only place that
// has all of it. It fails with UNAVAILABLE if the engine does not answer.
type Requests func(ctx context.Context, orderID string) (order.Placement, error)

// BindOrder binds the order service's steps. Their answers are recorded in histories,
// so they leave out the customer's address.
func BindOrder(r saga.Registry, s order.Service, asked Requests) {
	saga.Bind(r, CreateOrder, func(ctx context.Context, k saga.Key, p order.Placement) (order.Record, error) {
		if p.ShipTo == (order.Address{}) { // it was redacted
			var err error
			if p, err = asked(ctx, k.Saga); err != nil {
				return order.Record{}, err
			}
		}
		return redacted(s.Create(ctx, k, p))
	}, nil)
	saga.Bind(r, DecideOrder, func(ctx context.Context, k saga.Key, d order.Decision) (order.Record, error) {
		rec, err := s.Decide(ctx, k, d)
		if fault.CodeOf(err) == fault.NotFound {
			return order.Record{}, nil
		}
		return redacted(rec, err)
	}, nil)
	bindNothing(r, NoteOrder, s.Note)
	saga.Bind(r, ConfirmOrder, func(ctx context.Context, k saga.Key, c order.Closing) (order.Record, error) {
		return redacted(s.Confirm(ctx, k, c))
	}, nil)
	saga.Bind(r, CancelOrder, func(ctx context.Context, k saga.Key, c order.Closing) (order.Record, error) {
		return redacted(s.Cancel(ctx, k, c))
	}, nil)
	bindOrderRefunds(r, s)
}

// redacted returns the part of an answer that a history may keep.
func redacted(r order.Record, err error) (order.Record, error) {
	r.Placement = r.Placement.Redacted()
	return r, err
}

// OrderWords explains the codes and steps of the order service.
var OrderWords = Words{
	Codes: map[fault.Code]string{
		order.IllegalTransition:    "the order has ended otherwise before: a bug, or a database that was restored",
		course.AlreadyDecided:      "the order has ended, so there is nothing left to repair",
		course.NotFlagged:          "the step makes progress, so it is not skipped",
		course.Decided:             "the order is decided, so its parts are not told any more",
		order.NotDecided:           "the order is undecided, so it cannot be acknowledged",
		order.NothingToAcknowledge: "the order needs no attention, so there is nothing to acknowledge",
		order.PaidElsewhere:        "the order was imported, so its money is paid back where it was taken",
		order.ReasonMissing:        "no reason was given",
	},
	Unknown: map[string]string{
		"order.confirm": "the order was recorded as confirmed",
		"order.decide":  "the order was recorded as aborted",
		"order.cancel":  "the order was recorded as cancelled",

		"order.open_refund":   "the refund was recorded",
		"order.close_refund":  "the refund was recorded as made",
		"order.refuse_refund": "the refund was recorded as refused",
	},
}
