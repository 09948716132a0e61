package serve

import (
	"slices"

	"github.com/amends/amends/event"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/web/console/graph"
)

// choreography returns the graph of events for the console: the one that `amends events graph`
// prints.
func choreography() graph.Graph {
	g := reactions.Choreography()
	out := graph.Graph{Begins: names(g.Begins), Ends: names(g.Ends)}
	urgent := func(facts ...event.Declaration) {
		for _, f := range facts {
			if name := named(f); f.Urgent && !slices.Contains(out.Urgent, name) {
				out.Urgent = append(out.Urgent, name)
			}
		}
	}
	urgent(g.Begins...)
	for _, l := range g.Links {
		tells := g.Tells(l)
		urgent(append(slices.Clip(tells), l.On)...)
		out.Reactions = append(out.Reactions, graph.Reaction{On: named(l.On), Group: l.Group, Calls: l.Calls, If: l.If, Tells: names(tells)})
	}
	return out
}

func named(f event.Declaration) string { return f.Service + "." + f.Name }

func names(facts []event.Declaration) (all []string) {
	for _, f := range facts {
		all = append(all, named(f))
	}
	return all
}
