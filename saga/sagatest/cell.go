package sagatest

import (
	"math/rand/v2"

	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/stage"
)

// cell is a kind of fault at the calls of one name. An attempt by the workflow's own
// worker has another cell than one on a queue, because the saga handles its faults
// differently.
type cell struct {
	name  string
	local bool
	kind  Kind
}

func cellOf(c stage.Call, k Kind) cell { return cell{schedule.Name(c.Call), c.Local, k} }

func (c cell) String() string {
	if c.local {
		return "local " + c.name + "=" + string(c.kind)
	}
	return c.name + "=" + string(c.kind)
}

// draw returns n of the growths, at random, but one of every cell before a second one
// of any.
func draw(random *rand.Rand, all []growth, n int) []growth {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	drawn, rest, seen := make([]growth, 0, len(all)), []growth(nil), map[cell]bool{}
	for _, g := range all {
		if seen[g.cell] {
			rest = append(rest, g)
			continue
		}
		seen[g.cell] = true
		drawn = append(drawn, g)
	}
	return append(drawn, rest...)[:n]
}
