package search

import (
	"math/rand/v2"

	"github.com/amends/amends/saga/sagatest/schedule"
)

// Cell is a kind of fault at the calls of one name.
type Cell struct {
	Name string
	Kind schedule.Kind
}

// String returns "name=kind".
func (c Cell) String() string { return c.Name + "=" + string(c.Kind) }

// draw returns n of the growths, at random, but one of every cell before a second one
// of any.
func draw(random *rand.Rand, all []Growth, n int) []Growth {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	drawn, rest, seen := make([]Growth, 0, len(all)), []Growth(nil), map[Cell]bool{}
	for _, g := range all {
		if seen[g.Cell] {
			rest = append(rest, g)
			continue
		}
		seen[g.Cell] = true
		drawn = append(drawn, g)
	}
	return append(drawn, rest...)[:n]
}
