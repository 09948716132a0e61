package compare

import (
	"fmt"
	"strings"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/shipping"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
	"github.com/amends/amends/services/shipping/carrier"
)

// compare joins our rows, the barrier's entries and the carrier's lines by key,
// and returns one fact per saga.
func compare(ours Parcels, lines []carrier.StatementLine) []shippingaudit.Fact {
	c := comparison{
		of: map[string]int{}, recorded: map[key.Key]audit.Recorded{}, theirs: map[string]carrier.StatementLine{},
		rows: map[key.Key]int{}, booked: map[key.Key]int{},
	}
	for _, r := range ours.Recorded {
		c.fact(r.Key.Saga, r.At)
		c.recorded[r.Key] = r
	}
	for _, l := range lines {
		c.theirs[l.Key] = l
	}
	for i := range ours.Parcels {
		c.parcel(&ours.Parcels[i])
	}
	for _, r := range ours.Recorded {
		c.barrier(r)
	}
	for _, l := range lines { // in the order of the book
		if _, unmatched := c.theirs[l.Key]; unmatched {
			c.stranger(l)
		}
	}
	return c.facts
}

type comparison struct {
	facts    []shippingaudit.Fact
	of       map[string]int // saga -> index of its fact
	recorded map[key.Key]audit.Recorded
	theirs   map[string]carrier.StatementLine // lines not matched with a row of ours yet
	rows     map[key.Key]int                  // parcels per step
	booked   map[key.Key]int                  // those that are, or were, booked
}

// fact returns the saga's fact, given a trace of the time at.
func (c *comparison) fact(saga string, at time.Time) *shippingaudit.Fact {
	i, ok := c.of[saga]
	if !ok {
		i = len(c.facts)
		c.of[saga], c.facts = i, append(c.facts, shippingaudit.Fact{Saga: saga, Since: at})
	}
	f := &c.facts[i]
	if !at.IsZero() && (f.Since.IsZero() || at.Before(f.Since)) {
		f.Since = at
	}
	return f
}

func (c *comparison) parcel(p *ParcelRow) {
	k := p.Key.Child(p.Warehouse)
	l, known := c.theirs[k]
	delete(c.theirs, k)
	f, r := c.fact(p.Key.Saga, p.At), c.recorded[p.Key]
	c.rows[p.Key]++
	if p.TrackingNumber != "" {
		c.booked[p.Key]++
	}
	booked := l.Booking.State == carrier.Booked
	if booked || p.State != shipping.Cancelled {
		f.Parcels = append(f.Parcels, shippingaudit.ParcelFact{
			Step: p.Key.Step, Warehouse: p.Warehouse, Ours: p.State, Carrier: booked, Undoable: r.State.Undoable(),
		})
	}
	agree := true
	switch p.State {
	case shipping.Intent: // neither book is known to be ahead
	case shipping.Booked:
		agree = booked && l.Booking.TrackingNumber == p.TrackingNumber
	case shipping.Cancelled:
		// The carrier took back exactly what was booked.
		if agree = !booked; agree && l.Booking.TrackingNumber != p.TrackingNumber {
			f.Undone = append(f.Undone, difference(p.Key.Step, p.Warehouse, "ours is "+inWords(p), l, known))
		}
	}
	if !agree {
		f.Differ = append(f.Differ, difference(p.Key.Step, p.Warehouse, "ours is "+inWords(p), l, known))
	}
	what := fmt.Sprintf("%s: the parcel of %s is %s, its barrier is %s", p.Key.Step, p.Warehouse, p.State, orNone(r.State))
	switch {
	case fits(p.State, r.State):
	case underWay(p.State, r.State):
		f.Partial = append(f.Partial, audit.Difference{Step: p.Key.Step, What: what})
	default:
		f.Wrong = append(f.Wrong, what)
	}
}

// fits reports whether a parcel in state p may belong to a step in state step. A
// step that is being refused or undone may have cancelled parcels already.
func fits(p shipping.State, step ledger.State) bool {
	switch p {
	case shipping.Intent:
		return step == ledger.Intent
	case shipping.Booked:
		return step == ledger.Done
	default:
		return step != ledger.Done && step != ""
	}
}

// underWay reports whether the outcome of a parcel may be recorded before that of its
// step: one parcel after the other is booked, or cancelled.
func underWay(p shipping.State, step ledger.State) bool {
	return p == shipping.Booked && step == ledger.Intent || p == shipping.Cancelled && step == ledger.Done
}

// barrier judges an entry by all the rows of its step.
func (c *comparison) barrier(r audit.Recorded) {
	f, step, rows, booked := c.fact(r.Key.Saga, r.At), r.Key.Step, c.rows[r.Key], c.booked[r.Key]
	undone := func(what string) {
		f.Undone = append(f.Undone, audit.Difference{Step: step, What: step + ": " + what})
	}
	switch {
	case rows == 0 && r.State.Undoable(): // an effect of ours has rows
		f.Wrong = append(f.Wrong, fmt.Sprintf("%s: there is no parcel, its barrier is %s", step, r.State))
	case rows == 0 && r.State == ledger.Undone:
		undone("it was undone, and there never was a parcel")
	case r.State == ledger.Undone && booked == 0:
		undone("it was undone, and none of its parcels ever was booked")
	case r.State == ledger.Undone && r.Other != "":
		undone("it was undone, but not as it had been done: " + r.Other)
	case r.State == ledger.Blocked && booked > 0:
		undone(fmt.Sprintf("it is blocked as if it had never been, and %d of its parcels were booked", booked))
	case r.Other != "":
		f.Answers = append(f.Answers, step+": "+r.Other)
	}
}

// stranger judges a line of the carrier's without a row of ours.
func (c *comparison) stranger(l carrier.StatementLine) {
	saga, step := split(l.Key)
	f, differs := c.fact(saga, time.Time{}), difference(step, l.Warehouse, "we have none", l, true)
	if l.Booking.State != carrier.Booked {
		f.Undone = append(f.Undone, differs)
		return
	}
	f.Parcels = append(f.Parcels, shippingaudit.ParcelFact{Step: step, Warehouse: l.Warehouse, Carrier: true})
	f.Differ = append(f.Differ, differs)
}

// split returns the saga and the step of a carrier's key, in the form of
// [key.Key.Child]; a key that no saga made counts as a saga of its own.
func split(k string) (saga, step string) {
	saga, step, _ = strings.Cut(k, "/")
	step, _, _ = strings.Cut(step, "/")
	step, _, _ = strings.Cut(step, "#")
	return saga, step
}

func difference(step, warehouse, ours string, l carrier.StatementLine, known bool) audit.Difference {
	theirs := "the carrier has none"
	if known {
		theirs = "the carrier's is " + string(l.Booking.State) + " " + l.Booking.TrackingNumber
	}
	return audit.Difference{Step: step, What: fmt.Sprintf("%s: parcel of %s: %s, %s", step, warehouse, ours, theirs)}
}

func inWords(p *ParcelRow) string {
	return strings.TrimSpace(string(p.State) + " " + p.TrackingNumber)
}

func orNone(s ledger.State) string {
	if s == "" {
		return "not there"
	}
	return string(s)
}
