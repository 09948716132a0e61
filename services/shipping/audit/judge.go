package audit

import (
	"fmt"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/shipping"
)

// The kinds of findings about parcels.
const (
	ParcelBooked audit.Kind = "parcel_booked" // a cancelled order has a booked parcel
	CarrierBook  audit.Kind = "carrier_book"  // the carrier's book differs from ours
)

// Kinds lists the kinds.
var Kinds = []audit.Kind{ParcelBooked, CarrierBook}

// Judge implements [audit.Fact]. Whether a confirmed
// order has a parcel from each of its warehouses is for the caller to compare.
func (f Fact) Judge(o audit.Order) (all audit.Findings) {
	if !o.Decided() {
		return nil
	}
	if o.Status == audit.Cancelled {
		for _, p := range f.Parcels {
			if !o.Waives(p.Step) {
				all.Add(audit.NoOrphan, ParcelBooked, o.Resumable && p.Undoable, "%s, and it is cancelled%s", p, audit.NothingToUndo(p.Undoable))
			}
		}
	}
	all.Texts(audit.LegalHistory, audit.Barrier, f.Wrong)
	all.Differences(o, audit.LegalHistory, audit.Barrier, f.Partial)
	all.Differences(o, audit.AtMostOnce, CarrierBook, f.Differ)
	all.Differences(o, audit.ExactUndo, audit.Undo, f.Undone)
	all.Texts(audit.OneAnswer, audit.Answer, f.Answers)
	all.Telling(f.Telling)
	return all
}

// Booked returns how many parcels are booked here.
func (f Fact) Booked() (n int) {
	for _, p := range f.Parcels {
		if p.Ours == shipping.Booked {
			n++
		}
	}
	return n
}

// Trace implements [audit.Fact].
func (f Fact) Trace() (since time.Time, what []string) {
	if len(f.Parcels) > 0 {
		what = append(what, fmt.Sprintf("%d parcels booked", len(f.Parcels)))
	}
	for _, d := range f.Undone {
		what = append(what, d.What)
	}
	return f.Since, what
}

// ID implements [audit.Fact].
func (f Fact) ID() string { return f.Saga }

// String describes the parcel.
func (p ParcelFact) String() string {
	whose := "here and at the carrier"
	switch {
	case !p.Carrier:
		whose = "here only"
	case p.Ours != shipping.Booked:
		whose = "at the carrier only"
	}
	return fmt.Sprintf("the parcel of %s is booked by %s %s", p.Warehouse, p.Step, whose)
}
