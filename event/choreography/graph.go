package choreography

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/report"
)

// Graph is the reactions of all groups to the facts of one style of saga.
type Graph struct {
	// Begins are the facts that no reaction needs to tell: a caller or a clock leads to
	// them.
	Begins []event.Declaration
	// Ends are the facts that end a saga. No reaction needs to hear them.
	Ends []event.Declaration
	// Links are the reactions.
	Links []Link
	// Reports are those of the groups that report trouble. A saga does not go on from them,
	// except from a failure.
	Reports []report.Facts
}

// Check returns nil, or every reason why a saga of the graph could stand still: a fact
// that no group hears or that is never told, a fact that leads to no end of the saga, two
// reactions of one group to one fact, a reaction that calls another service, and a failure
// that its group cannot report.
func (g Graph) Check() error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	heard, told, ending := g.heard(), g.told(), g.ending()
	bound, notes := map[string]bool{}, g.notes()
	for _, l := range g.Links {
		if one := l.Group + " hears " + name(l.On); bound[one] {
			wrong("%s twice", one)
		} else {
			bound[one] = true
		}
		if !strings.HasPrefix(l.Calls, l.Group+".") {
			wrong("%s calls %s, which is not its own", l.Group, l.Calls)
		}
		if l.Abortable && len(g.Tells(l)) == len(l.Tells) {
			wrong("%s cannot report that %s has failed", l.Group, l.Calls)
		}
		if !told[name(l.On)] {
			wrong("%s hears %s, which is never told", l.Group, name(l.On))
		}
	}
	for _, fact := range g.facts() {
		switch {
		case told[fact] && !heard[fact] && !g.isEnd(fact):
			wrong("%s is told, and no group hears it", fact)
		case !ending[fact] && !slices.Contains(notes, fact):
			wrong("%s leads to no end of the saga%s", fact, g.circle(fact))
		}
	}
	return errors.Join(problems...)
}

// name returns "order.placed" for the fact.
func name(f event.Declaration) string { return f.Service + "." + f.Name }

func (g Graph) isEnd(fact string) bool {
	return slices.ContainsFunc(g.Ends, func(f event.Declaration) bool { return name(f) == fact })
}

// facts returns the names of all facts, sorted.
func (g Graph) facts() []string {
	var all []string
	for _, f := range slices.Concat(g.Begins, g.Ends) {
		all = append(all, name(f))
	}
	for _, l := range g.Links {
		all = append(all, name(l.On))
		for _, f := range g.Tells(l) {
			all = append(all, name(f))
		}
	}
	all = append(all, g.notes()...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (g Graph) heard() map[string]bool {
	all := map[string]bool{}
	for _, l := range g.Links {
		all[name(l.On)] = true
	}
	return all
}

func (g Graph) told() map[string]bool {
	all := map[string]bool{}
	for _, f := range g.Begins {
		all[name(f)] = true
	}
	for _, l := range g.Links {
		for _, f := range g.Tells(l) {
			all[name(f)] = true
		}
	}
	for _, fact := range g.notes() {
		all[fact] = true
	}
	return all
}

// next returns the names of the facts that may follow one.
func (g Graph) next(fact string) (all []string) {
	for _, l := range g.Links {
		if name(l.On) == fact {
			for _, f := range g.Tells(l) {
				all = append(all, name(f))
			}
		}
	}
	return all
}

// ending returns the facts from which an end can be reached.
func (g Graph) ending() map[string]bool {
	all := map[string]bool{}
	for _, f := range g.Ends {
		all[name(f)] = true
	}
	for grown := true; grown; {
		grown = false
		for _, fact := range g.facts() {
			if !all[fact] && slices.ContainsFunc(g.next(fact), func(next string) bool { return all[next] }) {
				all[fact], grown = true, true
			}
		}
	}
	return all
}

// circle describes a circle of facts that one leads to, if none of its followers ends.
func (g Graph) circle(fact string) string {
	path := []string{fact}
	for {
		next := g.next(path[len(path)-1])
		if len(next) == 0 {
			return ""
		}
		if i := slices.Index(path, next[0]); i >= 0 {
			return ": " + strings.Join(append(path[i:], next[0]), " → ")
		}
		path = append(path, next[0])
	}
}
