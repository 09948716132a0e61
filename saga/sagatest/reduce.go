package sagatest

import (
	"slices"

	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/search"
	"github.com/amends/amends/saga/sagatest/stage"
)

// growths returns the faults that a schedule can grow by after its run, and how
// many it leaves out because they would lead to the same run as another schedule.
//
// A run depends on a fault only from the call at which it hits. So these schedules
// lead to the same run as another one and are not tried themselves (see
// [Explorer.Unreduced]):
//
//   - A schedule with a fault that does not hit: it is the schedule of the others.
//   - A schedule that also grows by the same faults in another order. A schedule
//     grows only at calls after the last fault that hit. Up to there the longer
//     one's run is the same, so all its faults hit (otherwise the saga is not
//     deterministic, and the run is reported); and every schedule whose faults all
//     hit is reached, by adding them in the order in which they do.
//   - A schedule with a fault that changes nothing at its call. A call that fails
//     before its effect anyway, because of Fails or Away, does the same with Before,
//     Lost or CrashAfter, and with RefuseLost the same as with Refuse. Fails changes
//     nothing there if the next two calls of the name fail anyway or are never made.
//     Deadline waits for nothing when decide-by has passed.
func (x *explorer) growths(s Schedule, o stage.Outcome) (more []search.Growth, same int) {
	for i := range len(o.Calls) + 1 {
		c := stage.Call{Call: schedule.End}
		if i < len(o.Calls) {
			c = o.Calls[i]
		} else if i > 0 {
			c.Leads = o.Calls[i-1].Leads
		}
		if s.At(c.Call) != "" {
			continue
		}
		for _, k := range x.kindsOf(c) {
			switch {
			case !x.unreduced && i < o.Settled:
				// The same faults in the order in which they hit are tried, if they all do.
			case !x.unreduced && changesNothing(c, k, o.Calls[min(i+1, len(o.Calls)):]):
				same++
			default:
				more = append(more, search.Growth{By: Fault{Call: c.Call, Kind: k}, Cell: cellOf(c, k), At: i, Amid: amid(o.Calls, i), Leads: c.Leads})
			}
		}
	}
	return more, same
}

// changesNothing reports whether a fault at the call leads to the same run as
// without it or, for RefuseLost, as with Refuse. rest are the calls that came after.
func changesNothing(c stage.Call, k Kind, rest []stage.Call) bool {
	switch k {
	case schedule.Deadline:
		return c.Late
	case schedule.Before, schedule.Lost, schedule.CrashAfter, schedule.RefuseLost:
		return c.Void
	case schedule.Fails: // this call and the next two
		for left, n := stage.FailsFor-1, schedule.Name(c.Call); left > 0 && c.Void; left-- {
			i := slices.IndexFunc(rest, func(o stage.Call) bool { return schedule.Name(o.Call) == n })
			if i < 0 {
				break // it is not called again
			}
			c, rest = rest[i], rest[i+1:]
		}
		return c.Void
	default:
		return false
	}
}

// amid reports whether a call is in the middle of an outage: an attempt of an
// activity that is neither among its first two retries nor its last, all of them
// failed before their effect, and nothing else was called between them.
func amid(calls []stage.Call, i int) bool {
	if i < 2 || i+1 >= len(calls) {
		return false
	}
	for _, c := range calls[i-2 : i+2] {
		if !c.Void || c.Activity == 0 || c.Activity != calls[i].Activity {
			return false
		}
	}
	return true
}
