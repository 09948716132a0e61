package course

import (
	"slices"
	"time"

	"github.com/amends/amends/services/order"
)

// States of steps, as in package saga: undone is a step whose effect is given back,
// waived one whose undo an operator has given up.
const stateUndone, stateWaived = "undone", "waived"

// then returns a step that was heard of before and is heard of again. One that was refused, or is
// undone, stays so: facts of several services overtake each other. An undone step was taken,
// and keeps since when, whichever of the two facts comes first.
func then(have, s order.TakenStep) order.TakenStep {
	switch {
	case have.Error != "" || have.State == s.State:
		return have
	case have.State == stateUndone:
		return begun(have, s.EndedAt)
	default:
		return begun(s, have.EndedAt)
	}
}

// begun returns a step that began at a time, if it is undone: only then its end does not tell when
// it was taken. A service tells of no undo that had nothing to undo, see [News], so a step
// of whose undo alone is heard was taken by that time.
func begun(s order.TakenStep, at time.Time) order.TakenStep {
	if s.State == stateUndone {
		s.StartedAt = at
	}
	return s
}

// known returns the steps of an order that were heard of, and those that the order service takes
// itself or knows from operators: the decision against the order, and waivers.
func known(r order.Record) []order.TakenStep {
	all := slices.Clone(r.Course.Steps)
	for _, w := range r.Waivers {
		i := slices.IndexFunc(all, func(s order.TakenStep) bool { return s.Name == w.Step })
		switch {
		case i < 0:
			all = append(all, order.TakenStep{Name: w.Step, State: stateWaived, StartedAt: w.At, EndedAt: w.At})
		case all[i].State == "done":
			all[i].State, all[i].StartedAt, all[i].EndedAt = stateWaived, all[i].EndedAt, w.At
		}
	}
	if r.Decided != "" {
		all = append(all, done("order.decide", r.DecidedAt).TakenStep)
	}
	return all
}
