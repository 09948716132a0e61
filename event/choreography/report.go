package choreography

import (
	"slices"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/saga/key"
)

// Report returns the events by which a group tells how an event stands that it has failed
// to react to; none: it keeps that to itself. It does so if none of its reactions in the
// graph is to that fact, if the fact is a report itself, and for a bug unless its reaction is
// [Reaction.Abortable] and has been called: a circle is no failure of a step.
func (g Graph) Report(group string, e event.Event, t event.Trouble) []event.Event {
	i := slices.IndexFunc(g.Links, func(l Link) bool { return l.Group == group && l.On.Type() == e.Type })
	j := slices.IndexFunc(g.Reports, func(f report.Facts) bool { return f.Failed.Service == group })
	if i < 0 || j < 0 || e.Correlation == "" || g.isReport(e.Type) {
		return nil
	}
	l, tells, k := g.Links[i], g.Reports[j], key.New(e.Correlation, g.Links[i].Step)
	var told event.Event
	switch t.State {
	case event.Broken:
		if !l.Abortable || t.Code == TooManyHops {
			return nil
		}
		told = tells.Failed.New(e.Key, e.Correlation, report.Failure{Key: k, Code: t.Code})
	case event.Stuck:
		told = tells.Stuck.New(e.Key, e.Correlation, report.Stall{Key: k, Call: l.Calls, Code: t.Code, Kind: t.Kind, Owed: l.Owes, Since: t.Since})
	case event.Recovered:
		told = tells.Recovered.New(e.Key, e.Correlation, report.Recovery{Key: k, Call: l.Calls})
	}
	return []event.Event{told}
}

// isReport reports whether the type is that of a report of any group.
func (g Graph) isReport(eventType string) bool {
	return slices.ContainsFunc(g.Reports, func(f report.Facts) bool {
		return eventType == f.Failed.Type() || eventType == f.Stuck.Type() || eventType == f.Recovered.Type()
	})
}

// isReport reports whether Data is that of a report.
func isReport[Data any]() bool {
	switch any(*new(Data)).(type) {
	case report.Failure, report.Stall, report.Recovery:
		return true
	default:
		return false
	}
}

// notes returns the names of the facts that lead a saga nowhere: they say that it is stuck.
func (g Graph) notes() (all []string) {
	for _, f := range g.Reports {
		all = append(all, name(f.Stuck.Declaration), name(f.Recovered.Declaration))
	}
	return all
}

// Tells returns the facts that may follow a reaction, its failure included.
func (g Graph) Tells(l Link) []event.Declaration {
	if i := slices.IndexFunc(g.Reports, func(f report.Facts) bool { return f.Failed.Service == l.Group }); l.Abortable && i >= 0 {
		return append(slices.Clip(l.Tells), g.Reports[i].Failed.Declaration)
	}
	return l.Tells
}
