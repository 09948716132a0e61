package platform

import (
	"github.com/amends/amends/web/console/graph"
	"github.com/amends/amends/web/console/visit"
)

// graphData fills in the page of the graph of events.
type graphData struct {
	graph.Picture

	Reactions []graph.Reaction
}

// Graph answers with the graph of events.
func Graph(v *visit.Visit) error {
	return v.Show("graph", "Graph of events", graphData{graph.Draw(v.Config.Graph), v.Config.Graph.Reactions})
}
