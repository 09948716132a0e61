// Package course takes a choreographed order forward and back: what the order service does
// when it hears of the steps of other services, and what its clock does. The order's record
// has the [order.Course]; the functions of this package change it.
package course

import (
	"context"

	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// Service is the part of the service that takes a choreographed order forward and
// back, as it hears of the steps of other services. Each method fails with NOT_FOUND for an
// order that was never created and with CONFLICT for one of another style; both are bugs.
// A repeat changes nothing, and under a cause (see [event.Cause]) tells its fact again.
type Service interface {
	// Quoted keeps the quote, which may be told late: the first one stays. It tells nothing.
	Quoted(ctx context.Context, id string, q order.Quote, heard ...order.TakenStep) error

	// Booked keeps the parcels. It tells nothing.
	Booked(ctx context.Context, id string, parcels []order.Parcel, heard ...order.TakenStep) error

	// Object asks for the abort of an undecided order, and tells order.abort_asked; see the
	// function [Object].
	Object(ctx context.Context, id string, o Objection) (order.Record, error)

	// Abort decides an undecided order for the reason of its first objection, and tells
	// order.aborted. The caller knows that the capture has not happened and never will. A
	// CONFIRMED order is a bug (ILLEGAL_TRANSITION).
	Abort(ctx context.Context, id string, settled order.TakenStep) (order.Record, error)

	// Reported flags an order while a service is stuck with one of its steps, in any status;
	// see the function [Reported]. A late or repeated report of an event that is over
	// changes nothing. It tells order.attention_changed.
	Reported(ctx context.Context, id string, p Report) error

	// Release records that a service holds nothing of an order that is aborted. Once none
	// of the services that could does, the order is CANCELLED, and order.cancelled is told.
	Release(ctx context.Context, id string, r News) (order.Record, error)

	// Complete makes an undecided order CONFIRMED, and tells order.confirmed. Before the
	// quote and the parcels are heard of it records only that the money is taken, and tells
	// order.placed again if the abort was asked for: to wait for them would keep them
	// waiting, as later events of the order, and the clock brings all of them again. An
	// aborted order is a bug (ILLEGAL_TRANSITION).
	Complete(ctx context.Context, id string, heard ...order.TakenStep) (order.Record, error)
}

// Holding is the kind of effect that a step holds.
type Holding int

// The kinds of effects; the zero one has no amount.
const (
	Money   Holding = iota + 1 // as much as the order costs
	Stock                      // as many units as are ordered
	Parcels                    // those of the order
)

// Report says how a service stands with a step of an order.
type Report struct {
	// Event is the id of the one that the service has failed to react to.
	Event string
	// Flag is the reason, and names the step and its effect.
	Flag  ledger.Attention
	Holds Holding // of that effect
	// Over means that the event is handled or given up; of Flag only the step counts.
	Over bool
}

// News says that a service holds nothing of an order any more.
type News struct {
	// Service is the one; Of are all that could hold an effect.
	Service string
	Of      []string
	Step    order.TakenStep // that it has undone; zero: it held nothing
}
