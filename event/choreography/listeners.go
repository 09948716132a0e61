package choreography

import (
	"slices"
	"strings"

	"github.com/amends/amends/event"
)

// Listeners returns the groups of the graph, by name, with the facts that they follow in
// sagas of the style. They have no handlers: those who watch the groups need none.
func (g Graph) Listeners(style string) (all []event.Listener) {
	for _, l := range g.Links {
		n := slices.IndexFunc(all, func(o event.Listener) bool { return o.Group == l.Group })
		if n < 0 {
			n, all = len(all), append(all, event.Listener{Group: l.Group, Style: style})
		}
		all[n].Facts = append(all[n].Facts, l.On)
	}
	slices.SortFunc(all, func(a, b event.Listener) int { return strings.Compare(a.Group, b.Group) })
	return all
}
