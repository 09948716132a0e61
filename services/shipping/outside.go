package shipping

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/amends/amends/event"
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

// Track implements [Service].
func (o *Outside) Track(ctx context.Context, saga string) ([]Shipment, error) {
	return o.store.Track(ctx, saga)
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
		return o.refuse(ctx, k, req, ticket)
	case ticket.cancelled() > 0:
		return Booking{}, errCancelling
	}

	round, answers := o.bookOpen(ctx, k, req, ticket)
	switch worst := worstOf(answers); worst.kind() {
	case "":
		booking := bookingOf(ticket.Known, answers)
		if err := o.store.Conclude(ctx, k, booking, round.rest(answers, Booked)); err != nil {
			return Booking{}, err
		}
		return booking, nil
	case fault.Business:
		ticket.Refusal = fault.Of(worst.err)
		open, err := o.store.BeginRefusal(ctx, k, worst.warehouse, ticket.Refusal)
		if err != nil {
			return Booking{}, err
		}
		if !open {
			return o.decided(ctx, k, req, fault.Errorf(fault.Transient, fault.Conflict, "another attempt has booked the parcel"))
		}
		return o.refuse(ctx, k, req, ticket)
	case fault.Suspension:
		// The key is forbidden at the carrier, by an undo of this step or by another
		// attempt that is being refused. The records tell which.
		return o.decided(ctx, k, req, errCancelling)
	default:
		for _, sh := range round.rest(answers, Booked) {
			if _, err := o.store.RecordBooked(ctx, k, sh); err != nil {
				return Booking{}, err
			}
		}
		return Booking{}, worst.err
	}
}

// errCancelling is the answer to a step that an undo has begun to cancel.
var errCancelling = fault.Errorf(fault.Suspension, fault.Suspended, "the booking is being cancelled")

// bookOpen books the parcels whose outcome is not recorded, and records each booking
// but the last.
func (o *Outside) bookOpen(ctx context.Context, k key.Key, req BookRequest, ticket Ticket) (*round, []answer) {
	var open []Parcel
	for _, p := range sorted(req.Parcels) {
		if !slices.ContainsFunc(ticket.Known, func(s Shipment) bool { return s.Warehouse == p.Warehouse }) {
			open = append(open, p)
		}
	}
	r := newRound(len(ticket.Known), len(open))
	return r, o.carrier.each(ctx, r, func(i int) answer {
		a := o.carrier.bookOne(ctx, r, k.Child(open[i].Warehouse), consignment(req.ShipTo, open[i]), ticket.Repeat)
		if a.err != nil || r.last(i) {
			return a
		}
		recorded, err := o.store.RecordBooked(ctx, k, a.shipment(Booked))
		switch {
		case err != nil:
			a.err = err
		case !recorded:
			a.err = errCancelling
		default:
			r.record(ctx)
		}
		return a
	})
}

// Cancel implements [Service].
func (o *Outside) Cancel(ctx context.Context, k key.Key) error {
	undo, err := o.store.BeginUndo(ctx, k)
	if err != nil || !undo.Open {
		return err
	}
	found, rest, err := o.takeBack(ctx, k, newRound(undo.Cancelled, len(undo.Warehouses)), undo.Warehouses)
	if err != nil {
		return err
	}
	undo.Booked = undo.Booked || found
	return o.store.EndUndo(ctx, k, undo, rest)
}

// refuse cancels the parcels of a step whose refusal is decided, and records it. It
// includes the refused parcel, because another attempt may have booked it.
func (o *Outside) refuse(ctx context.Context, k key.Key, req BookRequest, ticket Ticket) (Booking, error) {
	var warehouses []string
	for _, p := range sorted(req.Parcels) {
		if !slices.ContainsFunc(ticket.Known, func(s Shipment) bool { return s.Warehouse == p.Warehouse && s.State == Cancelled }) {
			warehouses = append(warehouses, p.Warehouse)
		}
	}
	// Cancelling comes after booking: its progress must be higher.
	r := newRound(len(req.Parcels)+ticket.cancelled(), len(warehouses))
	_, rest, err := o.takeBack(ctx, k, r, warehouses)
	if err != nil {
		return Booking{}, err
	}
	if err := o.store.EndRefusal(ctx, k, ticket.Refusal, rest); err != nil {
		return Booking{}, err
	}
	return o.decided(event.Uncaused(ctx), k, req, errCancelling) // it was told a moment ago
}

// takeBack makes sure that no parcel is booked, now or later, and records that of each
// parcel but the last. It returns whether one was booked, and the unrecorded one. After trying all parcels it fails with the first error by warehouse code.
func (o *Outside) takeBack(ctx context.Context, k key.Key, r *round, warehouses []string) (found bool, rest []Shipment, err error) {
	answers := o.carrier.each(ctx, r, func(i int) answer {
		a := o.carrier.takeBackOne(ctx, r, warehouses[i], k.Child(warehouses[i]))
		if a.err != nil || r.last(i) {
			return a
		}
		if a.err = o.store.RecordCancelled(ctx, k, a.shipment(Cancelled)); a.err == nil {
			r.record(ctx)
		}
		return a
	})
	for _, a := range answers {
		found = found || a.found
		if err == nil {
			err = a.err
		}
	}
	rest = r.rest(answers, Cancelled)
	if err != nil {
		for _, sh := range rest {
			if err := o.store.RecordCancelled(ctx, k, sh); err != nil {
				return false, nil, err
			}
		}
		return false, nil, err
	}
	return found, rest, nil
}

// decided returns the recorded answer of a step that this attempt must not decide
// itself, so that all attempts of one step answer alike; without one, otherwise.
func (o *Outside) decided(ctx context.Context, k key.Key, req BookRequest, otherwise error) (Booking, error) {
	ticket, err := o.store.Intend(ctx, k, req)
	switch {
	case err != nil:
		return Booking{}, err
	case ticket.Done:
		return ticket.Outcome, nil
	case ticket.Refusal != nil:
		return Booking{}, fault.Errorf(fault.Transient, fault.Conflict, "another attempt is taking the parcels back")
	case ticket.cancelled() > 0:
		return Booking{}, errCancelling
	default:
		return Booking{}, otherwise
	}
}

// cancelled returns how many shipments are known to be cancelled.
func (t Ticket) cancelled() (n int) {
	for _, s := range t.Known {
		if s.State == Cancelled {
			n++
		}
	}
	return n
}

// bookingOf returns the booking of a step with all parcels booked: those that were
// known to be, and those of answers.
func bookingOf(known []Shipment, answers []answer) Booking {
	b := Booking{Shipments: slices.Clone(known)}
	for _, a := range answers {
		b.Shipments = append(b.Shipments, a.shipment(Booked))
	}
	slices.SortFunc(b.Shipments, func(a, b Shipment) int { return cmp.Compare(a.Warehouse, b.Warehouse) })
	return b
}

// sorted returns the parcels by warehouse code.
func sorted(parcels []Parcel) []Parcel {
	return slices.SortedFunc(slices.Values(parcels), func(a, b Parcel) int { return cmp.Compare(a.Warehouse, b.Warehouse) })
}
