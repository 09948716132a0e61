package store

import (
	"fmt"
	"time"

	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
)

// The steps whose keys are in this service's barrier: the first names a
// reservation, the second sells what the saga holds. What each may have left is
// known here only; a row of any other step is reported, so none can be forgotten.
const (
	reserveStep = "inventory.reserve"
	commitStep  = "inventory.commit"
)

// facts joins the barrier's rows and the reservations, both by saga.
func facts(standings []barrier.Standing, reserved []inventory.Record) []inventory.Fact {
	j := joint{of: map[string]int{}, recorded: map[key.Key]barrier.Standing{}, sales: map[string]*sale{}}
	for _, st := range standings {
		j.fact(st.Key.Saga, st.CreatedAt)
		j.recorded[st.Key] = st
	}
	seen := map[key.Key]bool{}
	for i := range reserved {
		seen[reserved[i].Key] = true
		j.reservation(&reserved[i])
	}
	for _, st := range standings {
		switch {
		case st.Key.Step == commitStep:
			j.commitment(st)
		case seen[st.Key]: // judged with its reservation
		case st.Key.Step != reserveStep:
			j.wrong(st.Key.Saga, "the barrier has %s as %s, a step that nobody here knows", st.Key.Step, st.State)
		case st.Undoable():
			j.wrong(st.Key.Saga, "the barrier of %s is %s, there is no reservation", st.Key.Step, st.State)
		case st.State == barrier.Undone:
			j.undone(st.Key.Saga, "%s was undone, and there never was a reservation", st.Key.Step)
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
	return j.facts
}

// joint is what is known of each saga, in the making.
type joint struct {
	facts    []inventory.Fact
	of       map[string]int // saga -> index of its fact
	recorded map[key.Key]barrier.Standing
	sales    map[string]*sale // by saga
}

// sale is what the reservations of a saga say that is sold, and what its commits
// were answered.
type sale struct {
	sold, answered int64 // units
	commits        int
}

func (j *joint) sale(saga string) *sale {
	s := j.sales[saga]
	if s == nil {
		s = &sale{}
		j.sales[saga] = s
	}
	return s
}

// fact returns the saga's fact, which has a trace of the given time.
func (j *joint) fact(saga string, at time.Time) *inventory.Fact {
	i, ok := j.of[saga]
	if !ok {
		i = len(j.facts)
		j.of[saga], j.facts = i, append(j.facts, inventory.Fact{Saga: saga, Since: at})
	}
	f := &j.facts[i]
	if at.Before(f.Since) {
		f.Since = at
	}
	return f
}

// wrong, undone and answered add to the fact of a saga that has one.
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
	f, st := j.fact(r.Key.Saga, r.CreatedAt), j.recorded[r.Key]
	if r.State != inventory.Released {
		f.Stock = append(f.Stock, inventory.StockFact{
			Step: r.Key.Step, State: r.State, Units: r.Reservation.Units(), Warehouses: len(r.Reservation.Parcels), Undoable: st.Undoable(),
		})
	}
	if r.State == inventory.Committed {
		j.sale(r.Key.Saga).sold += r.Reservation.Units()
	}
	if want := barrierOf(r.State); st.State != want {
		j.wrong(r.Key.Saga, "the reservation of %s is %s, its barrier is %s", r.Key.Step, r.State, orNone(st.State))
		return // what was answered is no question then
	}
	// Lines are never changed: what was released is what had been answered.
	switch differs := barrier.Differs(st, r.Reservation); {
	case differs == "":
	case st.State == barrier.Undone:
		j.undone(r.Key.Saga, "%s was undone, but not as it had been done: %s", r.Key.Step, differs)
	default:
		j.answered(r.Key.Saga, r.Key.Step, differs)
	}
}

// commitment adds what a commit was answered. One that is not done has sold nothing.
func (j *joint) commitment(st barrier.Standing) {
	if st.State != barrier.Done {
		return
	}
	s := j.sale(st.Key.Saga)
	c, err := barrier.Answer[inventory.Commitment](st)
	if err != nil {
		j.answered(st.Key.Saga, st.Key.Step, "what it was answered cannot be read")
		c.Units = s.sold - s.answered // nobody knows: the sum shall not be wrong too
	}
	s.commits, s.answered = s.commits+1, s.answered+c.Units
}

// barrierOf is the state of a reservation's barrier row: the reservation of a
// step that is done is held, or sold by another step.
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
