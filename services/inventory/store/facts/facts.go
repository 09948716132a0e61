// Package facts joins the entries of the inventory's barrier with its reservations: one
// fact per saga, with all that contradicts between the two.
package facts

import (
	"fmt"
	"time"

	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
)

// The steps with keys in this service's barrier: the first names a reservation,
// the second sells the saga's reservations, the third takes the sold units back. Only this file knows the rows that each
// may leave; an entry of any other step is reported, so none can be forgotten.
const (
	reserveStep  = "inventory.reserve"
	commitStep   = "inventory.commit"
	takeBackStep = "inventory.take_back"
)

// Of returns the facts of the sagas that the entries and the reservations name; returned
// has the units that came back, by saga.
func Of(entries []barrier.Entry, reserved []inventory.Record, returned map[string]int64) []inventoryaudit.Fact {
	j := joint{of: map[string]int{}, recorded: map[key.Key]barrier.Entry{}, sales: map[string]*sale{}}
	for _, e := range entries {
		j.fact(e.Key.Saga, e.CreatedAt)
		j.recorded[e.Key] = e
	}
	seen := map[key.Key]bool{}
	for i := range reserved {
		seen[reserved[i].Key] = true
		j.reservation(&reserved[i])
	}
	for _, e := range entries {
		switch {
		case e.Key.Step == commitStep:
			j.commitment(e)
		case e.Key.Step == takeBackStep:
			j.takeBack(e)
		case seen[e.Key]: // judged with its reservation
		case e.Key.Step != reserveStep:
			j.wrong(e.Key.Saga, "the barrier has %s as %s, a step that this service does not have", e.Key.Step, e.State)
		case e.Undoable():
			j.wrong(e.Key.Saga, "the barrier of %s is %s, there is no reservation", e.Key.Step, e.State)
		case e.State == barrier.Undone:
			j.undone(e.Key.Saga, "%s was undone, and there never was a reservation", e.Key.Step)
		}
	}
	for saga, sale := range j.sales {
		switch {
		case sale.commits == 0 && sale.sold > 0:
			j.wrong(saga, "%d units are sold, of which the barrier has no %s", sale.sold, commitStep)
		case sale.commits > 0 && sale.sold != sale.answered:
			j.answered(saga, commitStep, fmt.Sprintf("it was answered that %d units are sold, the reservations say %d", sale.answered, sale.sold))
		}
	}
	j.returns(returned)
	return j.facts
}

// joint collects the facts.
type joint struct {
	facts    []inventoryaudit.Fact
	of       map[string]int // saga -> index of its fact
	recorded map[key.Key]barrier.Entry
	sales    map[string]*sale // by saga
}

// sale compares the units that a saga's reservations have as sold with the units
// that its commits were answered.
type sale struct {
	sold, answered int64 // units
	commits        int
	back           int64 // units that take-backs were answered
}

func (j *joint) sale(saga string) *sale {
	s := j.sales[saga]
	if s == nil {
		s = &sale{}
		j.sales[saga] = s
	}
	return s
}

// fact returns the saga's fact, given a trace of the time at.
func (j *joint) fact(saga string, at time.Time) *inventoryaudit.Fact {
	i, ok := j.of[saga]
	if !ok {
		i = len(j.facts)
		j.of[saga], j.facts = i, append(j.facts, inventoryaudit.Fact{Saga: saga, Since: at})
	}
	f := &j.facts[i]
	if !at.IsZero() && at.Before(f.Since) {
		f.Since = at
	}
	return f
}

// The methods wrong, undone and answered add to the fact of a saga that has one.
func (j *joint) wrong(saga, format string, args ...any) {
	f := &j.facts[j.of[saga]]
	f.Wrong = append(f.Wrong, fmt.Sprintf(format, args...))
}

func (j *joint) undone(saga, format string, args ...any) {
	f := &j.facts[j.of[saga]]
	f.Undone = append(f.Undone, fmt.Sprintf(format, args...))
}

func (j *joint) answered(saga, step, differs string) {
	f := &j.facts[j.of[saga]]
	f.Answers = append(f.Answers, step+": "+differs)
}

func (j *joint) reservation(r *inventory.Record) {
	f, e := j.fact(r.Key.Saga, r.CreatedAt), j.recorded[r.Key]
	if r.State != inventory.Released {
		f.Stock = append(f.Stock, inventoryaudit.StockFact{
			Step: r.Key.Step, State: r.State, Units: r.Reservation.Units(), Warehouses: len(r.Reservation.Parcels), Undoable: e.Undoable(),
		})
	}
	if r.State == inventory.Committed {
		j.sale(r.Key.Saga).sold += r.Reservation.Units()
	}
	if want := barrierOf(r.State); e.State != want {
		j.wrong(r.Key.Saga, "the reservation of %s is %s, its barrier is %s", r.Key.Step, r.State, orNone(e.State))
		return // without an entry that fits there is no answer to compare
	}
	// Lines never change: a released reservation still has the lines of its answer.
	switch differs := barrier.Differs(e, r.Reservation); {
	case differs == "":
	case e.State == barrier.Undone:
		j.undone(r.Key.Saga, "%s was undone, but not as it had been done: %s", r.Key.Step, differs)
	default:
		j.answered(r.Key.Saga, r.Key.Step, differs)
	}
}

// commitment adds the answer of a commit. One that is not done has sold nothing.
func (j *joint) commitment(e barrier.Entry) {
	if e.State != barrier.Done {
		return
	}
	s := j.sale(e.Key.Saga)
	c, err := barrier.Answer[inventory.Commitment](e)
	if err != nil {
		j.answered(e.Key.Saga, e.Key.Step, "what it was answered cannot be read")
		c.Units = s.sold - s.answered // unknown: assume that the sum is right
	}
	s.commits, s.answered = s.commits+1, s.answered+c.Units
}

// takeBack adds the answer of a take-back.
func (j *joint) takeBack(e barrier.Entry) {
	if e.State != barrier.Done {
		return
	}
	r, err := barrier.Answer[inventory.Return](e)
	if err != nil {
		j.answered(e.Key.Saga, e.Key.Step, "what it was answered cannot be read")
	}
	j.sale(e.Key.Saga).back += r.Units
}

// returns compares the units that came back with the answers, and with the sale.
func (j *joint) returns(returned map[string]int64) {
	for saga, units := range returned {
		j.fact(saga, time.Time{}) // a return without any other trace has no time
		j.sale(saga)
		if units > j.sales[saga].sold {
			j.wrong(saga, "%d units came back, and only %d are sold", units, j.sales[saga].sold)
		}
	}
	for saga, sale := range j.sales {
		if units := returned[saga]; units != sale.back {
			j.answered(saga, takeBackStep, fmt.Sprintf("it was answered that %d units came back, the journal says %d", sale.back, units))
		}
	}
}

// barrierOf returns the state that the entry of a reservation must have: the
// reservation of a step that is done is held, or sold by another step.
func barrierOf(s inventory.State) barrier.State {
	if s == inventory.Released {
		return barrier.Undone
	}
	return barrier.Done
}

func orNone(s barrier.State) string {
	if s == "" {
		return "not there"
	}
	return string(s)
}
