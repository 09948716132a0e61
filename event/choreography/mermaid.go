package choreography

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amends/amends/event"
)

// Mermaid returns the graph as a flow chart in the language of Mermaid
// (https://mermaid.js.org). Equal graphs give equal text. Facts are rounded, those that
// are urgent have six corners, and ends a double border; reactions are boxes.
func (g Graph) Mermaid() string {
	var out strings.Builder
	out.WriteString("flowchart TD\n")
	drawn, notes, notesTo := map[string]bool{}, g.notes(), map[string][]string{}
	draw := func(f event.Declaration) string {
		id := strings.ReplaceAll(name(f), ".", "_")
		if !drawn[id] {
			drawn[id] = true
			left, right := "([", "])"
			switch {
			case g.isEnd(name(f)):
				left, right = "(((", ")))"
			case f.Urgent:
				left, right = "{{", "}}"
			}
			fmt.Fprintf(&out, "    %s%s%q%s\n", id, left, name(f), right)
		}
		return id
	}
	for _, f := range slices.Concat(g.Begins, g.Ends) {
		draw(f)
	}
	for _, l := range g.Links {
		on := draw(l.On)
		var tells []string
		for _, f := range g.Tells(l) {
			tells = append(tells, draw(f))
		}
		if slices.Contains(notes, name(l.On)) { // one box for all of them
			notesTo[l.Calls] = append(notesTo[l.Calls], on)
			continue
		}
		does := on + "_" + l.Group
		label := l.Calls
		if l.If != "" {
			label += "<br>" + l.If
		}
		fmt.Fprintf(&out, "    %s[%q]\n    %s --> %s\n", does, label, on, does)
		if len(tells) > 0 {
			fmt.Fprintf(&out, "    %s --> %s\n", does, strings.Join(tells, " & "))
		}
	}
	for _, call := range slices.Sorted(maps.Keys(notesTo)) {
		box := strings.ReplaceAll(call, ".", "_")
		fmt.Fprintf(&out, "    %s[%q]\n    %s --> %s\n", box, call, strings.Join(notesTo[call], " & "), box)
	}
	return out.String()
}
