// Package graph draws which service does what when it hears a fact: facts and calls from left
// to right, in the order in which a saga comes to them.
package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Graph is the reactions of services to facts.
type Graph struct {
	Begins, Ends, Urgent []string // names of facts; a saga begins with the first
	Reactions            []Reaction
}

// Reaction is a call that a service makes of its own methods when it hears a fact.
type Reaction struct {
	On, Group, Calls string
	If               string   // the condition in words; empty: always
	Tells            []string // facts that may follow
}

// Picture is a graph, laid out. All lengths are in pixels, from the upper left corner.
type Picture struct {
	Width, Height int
	Nodes         []Node
	Arrows        []Arrow
	Desc          string // the whole picture in words
}

// Node is a fact or a call.
type Node struct {
	X, Y, W, H int
	Name       string
	Note       string // the condition of a call
	Kind       string // call, fact, urgent or end
}

// Arrow leads from a fact to a call, or from a call to a fact. Back: to one that a saga came to
// before.
type Arrow struct {
	Path string // of SVG
	Back bool
}

// Measures of the picture.
const (
	width, height  = 184, 44
	column, row    = width + 72, height + 12
	margin, radius = 8, 36
)

// call is a box: all reactions with the same call and the same facts behind it.
type call struct {
	Reaction

	on []string
}

// layout places the nodes of one graph.
type layout struct {
	graph Graph
	calls []call
	ranks map[string]int // of facts, and of calls by their keys
	nodes map[string]Node
}

// Draw lays a graph out. The same graph is the same picture.
func Draw(g Graph) Picture {
	l := layout{graph: g, calls: merged(g.Reactions), ranks: map[string]int{}, nodes: map[string]Node{}}
	l.rank()
	p := l.place()
	l.connect(&p)
	p.Desc = describe(l.calls)
	return p
}

func (c call) key() string { return fmt.Sprint(c.Group, "|", c.Calls, "|", c.If, "|", c.Tells) }

// merged makes one box of reactions that differ only in the fact that is heard.
func merged(all []Reaction) (calls []call) {
	for _, r := range all {
		c := call{r, []string{r.On}}
		if i := slices.IndexFunc(calls, func(o call) bool { return o.key() == c.key() }); i >= 0 {
			calls[i].on = append(calls[i].on, r.On)
		} else {
			calls = append(calls, c)
		}
	}
	return calls
}

// rank gives each node the least number of nodes that lead to it from the first fact, and
// facts that no call tells the first column.
func (l *layout) rank() {
	if len(l.graph.Begins) > 0 {
		l.follow(l.graph.Begins[:1])
	}
	for _, c := range l.calls {
		for _, fact := range c.on {
			if _, ranked := l.ranks[fact]; !ranked {
				l.follow([]string{fact})
			}
		}
	}
}

// follow ranks facts, and all that follows from them, as far as it has no rank yet.
func (l *layout) follow(facts []string) {
	for at := 0; len(facts) > 0; at += 2 {
		var next []string
		for _, fact := range facts {
			if _, ranked := l.ranks[fact]; ranked {
				continue
			}
			l.ranks[fact] = at
			for _, c := range l.calls {
				if _, ranked := l.ranks[c.key()]; !ranked && slices.Contains(c.on, fact) {
					l.ranks[c.key()] = at + 1
					next = append(next, c.Tells...)
				}
			}
		}
		facts = next
	}
}

// describe tells the picture in words.
func describe(calls []call) string {
	var all []string
	for _, c := range calls {
		text := strings.Join(c.on, " or ") + " leads to " + c.Calls
		if c.If != "" {
			text += " if " + c.If
		}
		if len(c.Tells) > 0 {
			text += ", which may tell " + strings.Join(c.Tells, " or ")
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}
