package shipping

import (
	"fmt"
	"strings"
	"time"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping/carrier"
)

// compare joins our rows, the barrier's and the carrier's by key.
func compare(ours Parcels, lines []carrier.StatementLine) []Fact {
	c := comparison{
		of: map[string]int{}, standings: map[key.Key]Standing{}, theirs: map[string]carrier.StatementLine{},
		rows: map[key.Key]int{}, booked: map[key.Key]int{},
	}
	for _, st := range ours.Standings {
		c.fact(st.Key.Saga, st.At)
		c.standings[st.Key] = st
	}
	for _, l := range lines {
		c.theirs[l.Key] = l
	}
	for i := range ours.Parcels {
		c.parcel(&ours.Parcels[i])
	}
	for _, st := range ours.Standings {
		c.standing(st)
	}
	for _, l := range lines { // in the order of the book: what is left of theirs
		if _, strange := c.theirs[l.Key]; strange {
			c.stranger(l)
		}
	}
	return c.facts
}

type comparison struct {
	facts     []Fact
	of        map[string]int // saga -> index of its fact
	standings map[key.Key]Standing
	theirs    map[string]carrier.StatementLine // those that no row of ours was compared with yet
	rows      map[key.Key]int                  // of a step
	booked    map[key.Key]int                  // those of them that are, or were
}

// fact returns the saga's fact, which has a trace of the given time.
func (c *comparison) fact(saga string, at time.Time) *Fact {
	i, ok := c.of[saga]
	if !ok {
		i = len(c.facts)
		c.of[saga], c.facts = i, append(c.facts, Fact{Saga: saga, Since: at})
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
	f, st := c.fact(p.Key.Saga, p.At), c.standings[p.Key]
	c.rows[p.Key]++
	if p.TrackingNumber != "" {
		c.booked[p.Key]++
	}
	booked := l.Booking.State == carrier.Booked
	if booked || p.State != Cancelled {
		f.Parcels = append(f.Parcels, ParcelFact{
			Step: p.Key.Step, Warehouse: p.Warehouse, Ours: p.State, Carrier: booked, Undoable: st.Undoable,
		})
	}
	agree := true
	switch p.State {
	case Intent: // nobody knows yet
	case Booked:
		agree = booked && l.Booking.TrackingNumber == p.TrackingNumber
	case Cancelled:
		// What was booked was taken back there too, and nothing else was.
		if agree = !booked; agree && l.Booking.TrackingNumber != p.TrackingNumber {
			f.Undone = append(f.Undone, difference(p.Key.Step, p.Warehouse, "ours is "+inWords(p), l, known))
		}
	}
	if !agree {
		f.Differ = append(f.Differ, difference(p.Key.Step, p.Warehouse, "ours is "+inWords(p), l, known))
	}
	if !fits(p.State, st.State) {
		f.Wrong = append(f.Wrong, fmt.Sprintf("%s: the parcel of %s is %s, its barrier is %s", p.Key.Step, p.Warehouse, p.State, orNone(st.State)))
	}
}

// fits says whether a parcel may be so while its step is so. A step that is being
// refused or undone has parcels that are taken back already.
func fits(p State, step string) bool {
	switch p {
	case Intent:
		return step == "intent"
	case Booked:
		return step == "done"
	default:
		return step != "done" && step != ""
	}
}

// standing judges what the barrier has of one step beside all of its rows.
func (c *comparison) standing(st Standing) {
	f, step := c.fact(st.Key.Saga, st.At), st.Key.Step
	undone := func(what string) {
		f.Undone = append(f.Undone, Difference{Step: step, What: step + ": " + what})
	}
	switch {
	case c.rows[st.Key] == 0 && st.Undoable: // an effect of ours must have rows
		f.Wrong = append(f.Wrong, fmt.Sprintf("%s: there is no parcel, its barrier is %s", step, st.State))
	case c.rows[st.Key] == 0 && st.State == "undone":
		undone("it was undone, and there never was a parcel")
	case st.State == "undone" && c.booked[st.Key] == 0:
		undone("it was undone, and none of its parcels ever was booked")
	case st.State == "undone" && st.Other != "":
		undone("it was undone, but not as it had been done: " + st.Other)
	case st.State == "blocked" && c.booked[st.Key] > 0:
		undone(fmt.Sprintf("it is blocked as if it had never been, and %d of its parcels were booked", c.booked[st.Key]))
	case st.Other != "":
		f.Answers = append(f.Answers, step+": "+st.Other)
	}
}

// stranger judges a line of the carrier's of which we have no row.
func (c *comparison) stranger(l carrier.StatementLine) {
	saga, step := split(l.Key)
	f, differs := c.fact(saga, time.Time{}), difference(step, l.Warehouse, "we have none", l, true)
	if l.Booking.State != carrier.Booked {
		f.Undone = append(f.Undone, differs)
		return
	}
	f.Parcels = append(f.Parcels, ParcelFact{Step: step, Warehouse: l.Warehouse, Carrier: true})
	f.Differ = append(f.Differ, differs)
}

// split returns the saga and the step of a carrier's key.
func split(k string) (saga, step string) {
	saga, step, _ = strings.Cut(k, "/")
	step, _, _ = strings.Cut(step, "/")
	step, _, _ = strings.Cut(step, "#")
	return saga, step
}

func difference(step, warehouse, ours string, l carrier.StatementLine, known bool) Difference {
	theirs := "the carrier has none"
	if known {
		theirs = "the carrier's is " + string(l.Booking.State) + " " + l.Booking.TrackingNumber
	}
	return Difference{Step: step, What: fmt.Sprintf("%s: parcel of %s: %s, %s", step, warehouse, ours, theirs)}
}

func inWords(p *ParcelRow) string {
	return strings.TrimSpace(string(p.State) + " " + p.TrackingNumber)
}

func orNone(s string) string {
	if s == "" {
		return "not there"
	}
	return s
}
