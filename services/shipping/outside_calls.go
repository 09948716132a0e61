package shipping

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping/carrier"
)

// calls makes a step's calls to the carrier: one or two per parcel, a bounded number
// at a time. Every method waits for all of them, even if one has failed or ctx has
// ended, so no call outlives its step. A parcel's failure does not cancel its
// siblings, which would make their outcome unknown for no gain.
type calls struct {
	carrier carrier.Carrier
	timeout time.Duration // of one call
	atOnce  int
}

// answer is the result of one parcel.
type answer struct {
	warehouse string
	booking   carrier.Booking
	found     bool // booking is valid
	err       error
}

func (a answer) kind() fault.Kind { return fault.KindOf(a.err) }

func (a answer) shipment(state State) Shipment {
	return Shipment{
		Warehouse: a.warehouse, Carrier: a.booking.Carrier,
		TrackingNumber: a.booking.TrackingNumber, State: state,
	}
}

// bookOne books one parcel. With ask it does so only if it does not find it booked.
func (c calls) bookOne(ctx context.Context, r *round, childKey string, p carrier.Parcel, ask bool) answer {
	a := answer{warehouse: p.Warehouse}
	if ask {
		a.err = c.call(ctx, r, func(ctx context.Context) (err error) {
			a.booking, a.found, err = c.carrier.Find(ctx, childKey)
			return err
		})
		switch {
		case a.err != nil:
			return a
		case a.found && a.booking.State != carrier.Booked:
			a.err = fault.Errorf(fault.Suspension, fault.Suspended, "the parcel's booking was cancelled")
			return a
		case a.found:
			return a
		}
	}
	if p.To == (carrier.Address{}) { // a repeat has none, see Book
		a.err = fault.Errorf(fault.Bug, fault.Conflict, "a parcel that is not booked, and no address to book it to")
		return a
	}
	a.err = c.call(ctx, r, func(ctx context.Context) (err error) {
		a.booking, err = c.carrier.Book(ctx, childKey, p)
		return err
	})
	a.found = a.err == nil
	return a
}

// takeBackOne forbids the key and cancels a booking that came first. It needs no
// Find: the answer would be outdated once the key is forbidden, and Forbid returns
// the booking.
func (c calls) takeBackOne(ctx context.Context, r *round, warehouse, childKey string) answer {
	a := answer{warehouse: warehouse}
	a.err = c.call(ctx, r, func(ctx context.Context) (err error) {
		a.booking, a.found, err = c.carrier.Forbid(ctx, childKey)
		return err
	})
	if a.err == nil && a.found && a.booking.State == carrier.Booked {
		a.err = c.call(ctx, r, func(ctx context.Context) error { return c.carrier.Cancel(ctx, childKey) })
	}
	return a
}

// each runs f for every open parcel of the round, atOnce at a time, and returns the
// answers in order. Once ctx has ended it makes no more calls.
func (c calls) each(ctx context.Context, r *round, f func(i int) answer) []answer {
	answers := make([]answer, r.open)
	var g errgroup.Group
	g.SetLimit(c.atOnce)
	for i := range answers {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				answers[i].err = fault.Wrap(err, fault.Unknown, CarrierTimeout, "the time was up before the carrier was called")
				return nil
			}
			answers[i] = f(i)
			return nil
		})
	}
	_ = g.Wait() // the answers hold the errors
	return answers
}

// call makes one call and translates its error.
func (c calls) call(ctx context.Context, r *round, f func(ctx context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := CarrierFault(f(timed))
	r.beat(ctx)
	return err
}

// worstOf returns the answer that decides the step: a refusal first, because it ends
// the step regardless of the other parcels; then a forbidden key, a bug, an unknown
// outcome, a transient failure; among equals the first by warehouse code. A step
// without failures has a worst answer without error.
func worstOf(answers []answer) (worst answer) {
	rank := []fault.Kind{"", fault.Transient, fault.Unknown, fault.Bug, fault.Suspension, fault.Business}
	for _, a := range answers {
		if slices.Index(rank, a.kind()) > slices.Index(rank, worst.kind()) {
			worst = a
		}
	}
	return worst
}

// consignment returns p in the carrier's terms.
func consignment(to Address, p Parcel) carrier.Parcel {
	lines := make([]carrier.Line, 0, len(p.Lines))
	for _, l := range p.Lines {
		lines = append(lines, carrier.Line(l))
	}
	return carrier.Parcel{Warehouse: p.Warehouse, To: carrier.Address(to), Lines: lines}
}
