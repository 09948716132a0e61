package shipping

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping/carrier"
)

// Options configure an [Outside].
type Options struct {
	// CallTimeout bounds one call to the carrier. 0 means the default, 4 s: two
	// calls, asking and booking, fit into an attempt of 10 s.
	CallTimeout time.Duration
	// MaxCalls bounds the concurrent calls of one step. 0 means the default, 8.
	MaxCalls int
}

// Outside implements [Service] by intent → call → outcome, as the package comment
// describes.
type Outside struct {
	store   Store
	carrier calls
}

var _ Service = (*Outside)(nil)

// New returns a service that keeps its records in store and books at c.
func New(store Store, c carrier.Carrier, o Options) *Outside {
	return &Outside{store: store, carrier: calls{
		carrier: c,
		timeout: cmp.Or(max(o.CallTimeout, 0), 4*time.Second),
		atOnce:  cmp.Or(max(o.MaxCalls, 0), 8),
	}}
}

// Book implements [Service].
func (o *Outside) Book(ctx context.Context, k key.Key, req BookRequest) (Booking, error) {
	if err := req.Validate(); err != nil {
		return Booking{}, err
	}
	ticket, err := o.store.Intend(ctx, k, req)
	switch {
	case err != nil:
		return Booking{}, err
	case ticket.Done:
		return ticket.Outcome, nil
	case ticket.Refusal != nil:
		return o.refuse(ctx, k, req, ticket.Refusal)
	}

	answers := o.carrier.book(ctx, k, req, ticket.Repeat)
	switch worst := worstOf(answers); worst.kind() {
	case "":
		booking := bookingOf(answers)
		if err := o.store.Conclude(ctx, k, booking); err != nil {
			return Booking{}, err
		}
		return booking, nil
	case fault.Business:
		refusal := fault.Of(worst.err)
		open, err := o.store.BeginRefusal(ctx, k, worst.warehouse, refusal)
		if err != nil {
			return Booking{}, err
		}
		if !open {
			return o.decided(ctx, k, req)
		}
		return o.refuse(ctx, k, req, refusal)
	case fault.Suspension:
		// The key is forbidden at the carrier, by an undo of this step or by another
		// attempt that is being refused. The records tell which.
		return o.decided(ctx, k, req)
	default:
		return Booking{}, worst.err
	}
}

// Cancel implements [Service].
func (o *Outside) Cancel(ctx context.Context, k key.Key) error {
	undo, err := o.store.BeginUndo(ctx, k)
	if err != nil || len(undo.Warehouses) == 0 {
		return err
	}
	takenBack, err := o.carrier.takeBack(ctx, k, undo.Warehouses)
	if err != nil {
		return err
	}
	return o.store.EndUndo(ctx, k, undo, takenBack)
}

// refuse cancels the parcels of a step whose refusal is decided, and records it. It
// includes the refused parcel, because another attempt may have booked it.
func (o *Outside) refuse(ctx context.Context, k key.Key, req BookRequest, refusal *fault.Error) (Booking, error) {
	warehouses := make([]string, 0, len(req.Parcels))
	for _, p := range req.Parcels {
		warehouses = append(warehouses, p.Warehouse)
	}
	slices.Sort(warehouses)
	takenBack, err := o.carrier.takeBack(ctx, k, warehouses)
	if err != nil {
		return Booking{}, err
	}
	if err := o.store.EndRefusal(ctx, k, refusal, takenBack); err != nil {
		return Booking{}, err
	}
	return o.decided(ctx, k, req)
}

// decided returns the recorded answer of a step that this attempt must not decide
// itself, so that all attempts of one step answer alike.
func (o *Outside) decided(ctx context.Context, k key.Key, req BookRequest) (Booking, error) {
	ticket, err := o.store.Intend(ctx, k, req)
	switch {
	case err != nil:
		return Booking{}, err
	case ticket.Done:
		return ticket.Outcome, nil
	case ticket.Refusal != nil:
		return Booking{}, fault.Errorf(fault.Transient, fault.Conflict, "another attempt is taking the parcels back")
	default:
		return Booking{}, fault.Errorf(fault.Suspension, fault.Suspended, "the booking is being cancelled")
	}
}

// bookingOf returns the booking of a step with all parcels booked.
func bookingOf(answers []answer) Booking {
	b := Booking{Shipments: make([]Shipment, 0, len(answers))}
	for _, a := range answers {
		b.Shipments = append(b.Shipments, a.shipment(Booked))
	}
	return b
}
