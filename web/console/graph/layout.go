package graph

import (
	"cmp"
	"fmt"
	"slices"
)

// place adds all nodes: each in the column of its rank, ordered by the nodes that lead to it.
func (l *layout) place() Picture {
	var p Picture
	for rank, keys := range l.columns() {
		y := margin
		slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(l.height(a), l.height(b)) })
		for _, key := range keys {
			n := l.node(key)
			n.X, n.Y, n.W, n.H = margin+rank*column, y, width, height
			l.nodes[key] = n
			p.Nodes = append(p.Nodes, n)
			p.Width, p.Height = max(p.Width, n.X+n.W+radius), max(p.Height, n.Y+n.H+margin)
			y += row
		}
	}
	return p
}

// columns returns the keys of the nodes by their ranks, each in the order of the graph.
func (l *layout) columns() (all [][]string) {
	put := func(key string) {
		rank := l.ranks[key]
		for len(all) <= rank {
			all = append(all, nil)
		}
		if !slices.Contains(all[rank], key) {
			all[rank] = append(all[rank], key)
		}
	}
	for _, c := range l.calls {
		for _, fact := range slices.Concat(c.on, c.Tells) {
			put(fact)
		}
		put(c.key())
	}
	return all
}

// height returns the mean height of the nodes to the left that lead to one, 0 for none.
func (l *layout) height(key string) int {
	sum, n := 0, 0
	for _, c := range l.calls {
		from := c.on
		if slices.Contains(c.Tells, key) {
			from = []string{c.key()}
		} else if c.key() != key {
			continue
		}
		for _, f := range from {
			if before, placed := l.nodes[f]; placed {
				sum, n = sum+before.Y, n+1
			}
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// node returns the fact or the call of a key.
func (l *layout) node(key string) Node {
	for _, c := range l.calls {
		if c.key() == key {
			return Node{Name: c.Calls, Note: c.If, Kind: "call"}
		}
	}
	switch {
	case slices.Contains(l.graph.Ends, key):
		return Node{Name: key, Kind: "end"}
	case slices.Contains(l.graph.Urgent, key):
		return Node{Name: key, Kind: "urgent"}
	default:
		return Node{Name: key, Kind: "fact"}
	}
}

// Baseline returns where the name stands: above a note, or in the middle.
func (n Node) Baseline() int {
	if n.Note != "" {
		return n.Y + 19
	}
	return n.Y + 27
}

// connect adds the arrows.
func (l *layout) connect(p *Picture) {
	for _, c := range l.calls {
		for _, fact := range c.on {
			p.Arrows = append(p.Arrows, arrow(l.nodes[fact], l.nodes[c.key()]))
		}
		for _, fact := range c.Tells {
			p.Arrows = append(p.Arrows, arrow(l.nodes[c.key()], l.nodes[fact]))
		}
	}
}

func arrow(from, to Node) Arrow {
	x1, y1, x2, y2 := from.X+from.W, from.Y+from.H/2, to.X-2, to.Y+to.H/2
	bend := max(radius, min(2*radius, (x2-x1)/2))
	return Arrow{Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2), Back: to.X <= from.X}
}
