package graph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/console/graph"
)

// small is a saga with two steps and a way back.
var small = graph.Graph{
	Begins: []string{"order.placed", "order.abort_asked"}, Ends: []string{"order.confirmed"}, Urgent: []string{"order.abort_asked"},
	Reactions: []graph.Reaction{
		{On: "order.placed", Group: "payment", Calls: "payment.capture", If: "it costs something", Tells: []string{"payment.captured", "payment.refused"}},
		{On: "payment.captured", Group: "order", Calls: "order.confirm", Tells: []string{"order.confirmed"}},
		{On: "payment.refused", Group: "order", Calls: "order.object", Tells: []string{"order.abort_asked"}},
		{On: "order.late", Group: "order", Calls: "order.object", Tells: []string{"order.abort_asked"}},
		{On: "order.abort_asked", Group: "payment", Calls: "payment.settle", Tells: []string{"payment.captured"}},
	},
}

func TestAGraphIsDrawnFromLeftToRight(t *testing.T) {
	t.Parallel()
	p := graph.Draw(small)
	at := map[string]graph.Node{}
	for i, n := range p.Nodes {
		_, twice := at[n.Name]
		require.False(t, twice, "%s stands once", n.Name)
		at[n.Name] = n
		require.LessOrEqual(t, n.X+n.W, p.Width)
		require.LessOrEqual(t, n.Y+n.H, p.Height)
		for _, o := range p.Nodes[i+1:] {
			require.True(t, n.X+n.W <= o.X || o.X+o.W <= n.X || n.Y+n.H <= o.Y || o.Y+o.H <= n.Y, "%s covers %s", n.Name, o.Name)
		}
	}
	require.Len(t, at, 10, "facts and calls; reactions that lead to the same are one")
	for _, way := range [][]string{{"order.placed", "payment.capture", "payment.captured", "order.confirm", "order.confirmed"}, {"payment.refused", "order.object", "order.abort_asked", "payment.settle"}} {
		for i := range len(way) - 1 {
			require.Less(t, at[way[i]].X, at[way[i+1]].X, "%s comes before %s", way[i], way[i+1])
		}
	}
	require.Equal(t, at["order.placed"].X, at["order.late"].X, "a fact that no call tells stands in the first column")
	require.Equal(t, "call", at["payment.capture"].Kind)
	require.Equal(t, "it costs something", at["payment.capture"].Note)
	require.Equal(t, "urgent", at["order.abort_asked"].Kind)
	require.Equal(t, "end", at["order.confirmed"].Kind)
	require.Len(t, p.Arrows, 10)
	back := 0
	for _, a := range p.Arrows {
		if a.Back {
			back++
		}
	}
	require.Equal(t, 1, back, "the settle leads back to the capture")
	require.Contains(t, p.Desc, "payment.refused or order.late leads to order.object, which may tell order.abort_asked")
	require.Equal(t, p, graph.Draw(small))
}

func TestNoGraphIsNoPicture(t *testing.T) {
	t.Parallel()
	require.Empty(t, graph.Draw(graph.Graph{}).Nodes)
}
