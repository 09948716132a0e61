// Package schedule describes faults: which call of a saga fails, and how. A
// [Schedule] is one line of text, which [Parse] reads again.
package schedule

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a kind of fault.
type Kind string

// The kinds. A call is one attempt of an activity ("inventory.reserve"), of an
// undo or a settle ("inventory.reserve.undo"), or a call to an external system
// ("provider.capture").
const (
	// Before fails the call before its effect.
	Before Kind = "before"
	// Lost lets the call take effect and loses the reply.
	Lost Kind = "lost"
	// Fails fails this call and the next two of its name in the run, all before
	// their effect.
	Fails Kind = "fails"
	// Away fails this call and all others of its name before their effect, until
	// decide-by, and the time after which a step is flagged, have long passed.
	Away Kind = "away"
	// Refuse has the service refuse the step for a business reason.
	Refuse Kind = "refuse"
	// RefuseLost has it refuse, and loses the reply.
	RefuseLost Kind = "refuse-lost"
	// LateAfterRetry times the call out; it takes effect after the next call of
	// the same name did.
	LateAfterRetry Kind = "late-after-retry"
	// LateAfterUndo times the call out; it takes effect after the step's undo or
	// settle did, or at the end.
	LateAfterUndo Kind = "late-after-undo"
	// Cancel cancels the saga while the call is under way.
	Cancel Kind = "cancel"
	// Deadline lets decide-by pass while the call is under way.
	Deadline Kind = "deadline"
	// Slow lets every parallel branch overtake the call, also one that [Fails]. An express
	// try takes nearly all the time that it has.
	Slow Kind = "slow"
	// Disturb changes what surrounds the saga, such as prices, before the call.
	Disturb Kind = "disturb"
	// Crash ends the run before the call's effect; a new run of the same saga
	// begins, as after a reset to the first workflow task.
	Crash Kind = "crash"
	// CrashAfter ends the run after the call's effect.
	CrashAfter Kind = "crash-after"
	// CrashLate ends the run during a call of a local activity, as if its workflow task
	// had timed out: the call takes effect after the next one of its name, in the new
	// run, or at the end.
	CrashLate Kind = "crash-late"
	// Again runs the ended saga once more, as after a reset long after its end.
	Again Kind = "again"
)

// The kinds of a choreographed saga only. There a call is one delivery of an event to a
// group ("payment:catalog.quoted"), the publication of a fact ("catalog.quoted"), a commit
// of a reaction ("payment:catalog.quoted/commit"), or a call to an external system. Package
// event/eventtest/stage describes all kinds that it has.
const (
	// Twice delivers, or publishes, an event once more.
	Twice Kind = "twice"
	// Late delivers an event when no other one is under way.
	Late Kind = "late"
	// LateAfterNext delivers it after the next event of its group.
	LateAfterNext Kind = "late-after-next"
	// LateAfterUrgent delivers it after the next urgent event of its group.
	LateAfterUrgent Kind = "late-after-urgent"
	// LateAfterEnd delivers it after the end of the saga.
	LateAfterEnd Kind = "late-after-end"
	// Parked makes the event a dead letter.
	Parked Kind = "parked"
)

// Kinds are all kinds.
var Kinds = []Kind{
	Before, Lost, Fails, Away, Refuse, RefuseLost, LateAfterRetry, LateAfterUndo,
	Cancel, Deadline, Slow, Disturb, Crash, CrashAfter, CrashLate, Again,
	Twice, Late, LateAfterNext, LateAfterUrgent, LateAfterEnd, Parked,
}

// End is the pseudo call after the saga's last one, at which [Again] happens.
const End = "end#1"

// Fault is a fault at the nth call of a name.
type Fault struct {
	Call string // "inventory.reserve#1"
	Kind Kind
}

// String returns "call=kind".
func (f Fault) String() string { return f.Call + "=" + string(f.Kind) }

// Schedule is a set of faults, at most one per call.
type Schedule []Fault

// String returns the schedule as one line, which [Parse] reads.
func (s Schedule) String() string {
	parts := make([]string, len(s))
	for i, f := range s {
		parts[i] = f.String()
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// Parse is the inverse of [Schedule.String]. Its error names the part that is no
// fault, or the call that has two.
func Parse(line string) (Schedule, error) {
	var s Schedule
	for part := range strings.FieldsSeq(line) {
		call, kind, ok := strings.Cut(part, "=")
		if !ok || !slices.Contains(Kinds, Kind(kind)) || !strings.Contains(call, "#") {
			return nil, fmt.Errorf("%q is not call#n=kind", part)
		}
		if s.At(call) != "" {
			return nil, fmt.Errorf("%s has two faults", call)
		}
		s = append(s, Fault{Call: call, Kind: Kind(kind)})
	}
	return s, nil
}

// At returns the kind of fault at a call; empty: none.
func (s Schedule) At(call string) Kind {
	for _, f := range s {
		if f.Call == call {
			return f.Kind
		}
	}
	return ""
}

// Last returns the kind of the fault that was added last; empty: there is none.
func (s Schedule) Last() Kind {
	if len(s) == 0 {
		return ""
	}
	return s[len(s)-1].Kind
}

// With returns a copy of s with one more fault.
func (s Schedule) With(f Fault) Schedule { return append(slices.Clone(s), f) }

// Name returns the name of the call "name#n".
func Name(call string) string {
	n, _, _ := strings.Cut(call, "#")
	return n
}
