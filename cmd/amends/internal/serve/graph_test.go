package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/reactions"
	"github.com/amends/amends/web/console/graph"
)

// TestTheConsoleDrawsTheWholeGraph: every reaction, its fact and the facts behind it.
func TestTheConsoleDrawsTheWholeGraph(t *testing.T) {
	t.Parallel()
	g := choreography()
	require.Len(t, g.Reactions, len(reactions.Choreography().Links))
	require.Contains(t, g.Urgent, "order.aborted")
	p := graph.Draw(g)
	drawn := map[string]bool{}
	for _, n := range p.Nodes {
		drawn[n.Name] = true
	}
	for _, r := range g.Reactions {
		for _, name := range append(r.Tells, r.On, r.Calls) {
			require.True(t, drawn[name], name)
		}
	}
	t.Logf("%d nodes, %d arrows, %d × %d pixels", len(p.Nodes), len(p.Arrows), p.Width, p.Height)
}
