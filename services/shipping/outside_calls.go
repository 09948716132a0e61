package shipping

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
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

// book books every parcel of req and returns the answers by warehouse code. With
// ask it books only the parcels that it does not find booked.
func (c calls) book(ctx context.Context, k key.Key, req BookRequest, ask bool) []answer {
	parcels := slices.SortedFunc(slices.Values(req.Parcels), func(a, b Parcel) int {
		return cmp.Compare(a.Warehouse, b.Warehouse)
	})
	return c.each(len(parcels), func(i int) answer {
		p := parcels[i]
		return c.bookOne(ctx, k.Child(p.Warehouse), consignment(req.ShipTo, p), ask)
	})
}

func (c calls) bookOne(ctx context.Context, childKey string, p carrier.Parcel, ask bool) answer {
	a := answer{warehouse: p.Warehouse}
	if ask {
		a.err = c.call(ctx, func(ctx context.Context) (err error) {
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
	a.err = c.call(ctx, func(ctx context.Context) (err error) {
		a.booking, err = c.carrier.Book(ctx, childKey, p)
		return err
	})
	a.found = a.err == nil
	return a
}

// takeBack makes sure that no parcel is booked, now or later, and returns the
// shipments that were booked, by warehouse code. After trying all parcels it fails
// with the first error by warehouse code.
func (c calls) takeBack(ctx context.Context, k key.Key, warehouses []string) ([]Shipment, error) {
	answers := c.each(len(warehouses), func(i int) answer {
		return c.takeBackOne(ctx, warehouses[i], k.Child(warehouses[i]))
	})
	var takenBack []Shipment
	for _, a := range answers {
		if a.err != nil {
			return nil, a.err
		}
		if a.found {
			takenBack = append(takenBack, a.shipment(Cancelled))
		}
	}
	return takenBack, nil
}

// takeBackOne forbids the key and cancels a booking that came first. It needs no
// Find: the answer would be outdated once the key is forbidden, and Forbid returns
// the booking.
func (c calls) takeBackOne(ctx context.Context, warehouse, childKey string) answer {
	a := answer{warehouse: warehouse}
	a.err = c.call(ctx, func(ctx context.Context) (err error) {
		a.booking, a.found, err = c.carrier.Forbid(ctx, childKey)
		return err
	})
	if a.err == nil && a.found && a.booking.State == carrier.Booked {
		a.err = c.call(ctx, func(ctx context.Context) error { return c.carrier.Cancel(ctx, childKey) })
	}
	return a
}

// each runs f for 0 to n-1, atOnce at a time, and returns the answers in order.
func (c calls) each(n int, f func(i int) answer) []answer {
	answers := make([]answer, n)
	var g errgroup.Group
	g.SetLimit(c.atOnce)
	for i := range n {
		g.Go(func() error {
			answers[i] = f(i)
			return nil
		})
	}
	_ = g.Wait() // the answers hold the errors
	return answers
}

// call makes one call and translates its error.
func (c calls) call(ctx context.Context, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return CarrierFault(f(ctx))
}

// worstOf returns the answer that decides the step: a refusal first, because it ends
// the step regardless of the other parcels; then a forbidden key, a bug, an unknown
// outcome, a transient failure; among equals the first by warehouse code. A step
// without failures has a worst answer without error.
func worstOf(answers []answer) answer {
	rank := []fault.Kind{"", fault.Transient, fault.Unknown, fault.Bug, fault.Suspension, fault.Business}
	worst := answers[0]
	for _, a := range answers[1:] {
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
