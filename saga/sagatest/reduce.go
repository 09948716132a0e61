package sagatest

import "slices"

// made is a call that a run made.
type made struct {
	call     string
	void     bool // it failed before its effect, whatever the schedule has at it
	late     bool // decide-by had passed
	activity int  // whose attempt it is; 0: a call of the outside
}

// growths returns the faults that the run's schedule can grow by, and how many
// it leaves out because they would lead to the same run as another schedule.
// The package doc has the argument.
func (x *explorer) growths(e *engine) (more []growth, same int) {
	for i := range len(e.made) + 1 {
		c := made{call: end}
		if i < len(e.made) {
			c = e.made[i]
		}
		if e.schedule.at(c.call) != "" {
			continue
		}
		for _, k := range x.kindsOf(c.call) {
			switch {
			case !x.unreduced && i < e.settled:
				// The same faults in the order in which they hit are tried, if they all do.
			case !x.unreduced && c.changesNothing(k, e.made[min(i+1, len(e.made)):]):
				same++
			default:
				more = append(more, growth{by: Fault{Call: c.call, Kind: k}, at: i, amid: amid(e.made, i)})
			}
		}
	}
	return more, same
}

// changesNothing says that a fault at the call leads to the same run as without
// it or, for RefuseLost, as with Refuse. rest are the calls that came after.
func (c made) changesNothing(k Kind, rest []made) bool {
	switch k {
	case Deadline:
		return c.late
	case Before, Lost, CrashAfter, RefuseLost:
		return c.void
	case Fails: // this call and the next two
		for left, n := failsFor-1, name(c.call); left > 0 && c.void; left-- {
			i := slices.IndexFunc(rest, func(o made) bool { return name(o.call) == n })
			if i < 0 {
				break // it is not called again
			}
			c, rest = rest[i], rest[i+1:]
		}
		return c.void
	default:
		return false
	}
}

// amid says that a call is in the middle of an outage: it is an attempt of an
// activity neither the first two retries of which it is nor the last, all of them
// failed before their effect, and nothing else was called between them.
func amid(calls []made, i int) bool {
	if i < 2 || i+1 >= len(calls) {
		return false
	}
	for _, c := range calls[i-2 : i+2] {
		if !c.void || c.activity == 0 || c.activity != calls[i].activity {
			return false
		}
	}
	return true
}
