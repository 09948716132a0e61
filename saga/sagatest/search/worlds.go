package search

import (
	"math"
	"sync"
)

// World is a digest of everything that the rest of a run depends on, right before
// one of its calls or after its end, but for the faults that are still to come.
type World [16]byte

// Boundary is a world and the call that comes next.
type Boundary struct {
	At    int // index of the call
	World World
}

// Worlds are those from which on every future is tried already, or will be.
//
// Two schedules may come to the same world, for example by a lost reply and by a
// call that took effect late. From there on they have the same future, whatever
// faults follow. So only the first of them grows there, which has no more faults
// than the others; and a run that shall not grow ends there. A runner that does not
// compare worlds returns none. The world of a workflow before a call, once every fault of
// the schedule has hit, is:
//
//   - The call, and the time. Earlier calls and faults are no part of it: nothing
//     depends on them.
//   - All that this run of the workflow was given, with the times and in that order:
//     its beginning, results, failures, the cancel. The workflow is deterministic, so
//     that is its state. A crash forgets it.
//   - The activities under way, each with its position, and the timers that have not
//     fired, in the order in which they were set.
//   - The future part of faults that hit: calls that fail, outages, and calls that
//     take effect late. A late call to an external system is known to the engine by
//     name only, so two are the same only if the same faults led to them.
//   - The subject's fingerprint.
//
// Generated ids count by the order in which they appear in it, and times of the
// machine's clock do not count. A world is like no other if it is in doubt in which
// order the workflow was given two things: at an instant at which one of its timers
// fires, and in the rest of a run that was given something else at that instant. A
// schedule counts as the first only up to a world at which it is not, so every
// future has one. Schedules of one fault always run to their ends, so that a fault
// of every kind is in a judged run. Tests compare the ends of sagas: each result,
// with its times and all ledgers, must be that of an exploration without this.
type Worlds struct {
	mu  sync.Mutex
	all map[World]struct{}
}

// claim adds a schedule's worlds up to the first that another schedule has claimed,
// and returns the call from which on that one tries every future.
func (w *Worlds) claim(past []Boundary) (until int) {
	for i, b := range past {
		if w.Has(b.World) {
			w.add(past[:i])
			return b.At
		}
	}
	w.add(past)
	return math.MaxInt
}

// Has reports whether a world is one of them.
func (w *Worlds) Has(one World) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.all[one]
	return ok
}

func (w *Worlds) add(all []Boundary) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range all {
		w.all[b.World] = struct{}{}
	}
}
