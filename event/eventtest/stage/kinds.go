package stage

import (
	"slices"

	"github.com/amends/amends/event"
	"github.com/amends/amends/saga/sagatest/schedule"
)

// kinds knows the faults that the subject lends itself to.
type kinds struct {
	subject   []schedule.Kind // at any delivery
	refusable []string
}

func (g *Stage) kinds() kinds {
	var k kinds
	if _, ok := g.subject.(Canceler); ok {
		k.subject = append(k.subject, schedule.Cancel)
	}
	if _, ok := g.subject.(Expirer); ok {
		k.subject = append(k.subject, schedule.Deadline)
	}
	if _, ok := g.subject.(Disturber); ok {
		k.subject = append(k.subject, schedule.Disturb)
	}
	if r, ok := g.subject.(Refuser); ok {
		k.refusable = r.Refusable()
	}
	return k
}

// attempted are the faults that can happen at an attempt.
var attempted = []schedule.Kind{schedule.CrashAfter, schedule.Fails, schedule.Away, schedule.Parked}

// under returns the faults that can happen to an event under way to a listener.
func (kinds) under(l event.Listener) []schedule.Kind {
	all := []schedule.Kind{schedule.Lost, schedule.Twice, schedule.Late, schedule.LateAfterNext, schedule.LateAfterEnd}
	if slices.ContainsFunc(l.Facts, func(f event.Declaration) bool { return f.Urgent }) {
		all = append(all, schedule.LateAfterUrgent)
	}
	return all
}

// beside returns the faults that happen beside a reaction, whatever becomes of it.
func (k kinds) beside(reaction string) []schedule.Kind {
	if slices.Contains(k.refusable, reaction) {
		return append(slices.Clip(k.subject), schedule.Refuse)
	}
	return k.subject
}
