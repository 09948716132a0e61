package sagatest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/stage"
)

// explorer runs schedules on one subject.
type explorer struct {
	subject    Subject
	stage      *stage.Stage
	activities []string
	refusable  map[string]bool
	unreduced  bool
	print      Fingerprinter // nil: worlds are not compared
}

func (e Explorer) explorer() (*explorer, error) {
	s, err := e.New()
	if err != nil {
		return nil, fmt.Errorf("make a subject: %w", err)
	}
	x := &explorer{subject: s, stage: stage.New(s, e.SagaID), refusable: map[string]bool{}, unreduced: e.Unreduced}
	x.activities = x.stage.Activities()
	for _, step := range e.Refusable {
		x.refusable[step] = true
	}
	if !e.Unreduced && e.Dense == 0 {
		x.print, _ = s.(Fingerprinter)
	}
	return x, nil
}

// result is the outcome of one schedule.
type result struct {
	ran   bool
	cut   bool // the run ended at a known world and was not judged
	err   error
	trace []string // of a run that failed
	short bool     // not every fault of the schedule has hit
	hit   Schedule // those that have, if it is short
	more  []growth // that the schedule can grow by
	same  int      // number of further growths that would lead to the same run as others
	past  []stage.Boundary
}

// run runs one schedule, and adds how it can grow if grow is set. With known worlds
// the run ends at the first of them.
func (x *explorer) run(ctx context.Context, s Schedule, grow bool, known *worlds) result {
	var w stage.Watch
	if grow || known != nil {
		w.Print = x.print
	}
	if known != nil {
		w.Known = known.has
	}
	o := x.stage.Run(ctx, s, w)
	r := result{cut: o.Cut, err: o.Err, past: o.Worlds}
	if r.short = len(o.Hit) < len(s); r.short {
		r.hit = o.Hit
	}
	switch {
	case r.err != nil:
		r.trace = o.Trace()
	case grow && !r.short: // a fault that did not happen adds nothing
		r.more, r.same = x.growths(s, o)
	}
	return r
}

// kindsOf returns the faults that can happen at a call.
func (x *explorer) kindsOf(c stage.Call) []Kind {
	n := schedule.Name(c.Call)
	_, activity := slices.BinarySearch(x.activities, n)
	var kinds []Kind
	switch {
	case c.Call == schedule.End:
		return []Kind{schedule.Again}
	case !activity: // a call to an external system
		return []Kind{schedule.Before, schedule.Lost, schedule.LateAfterRetry, schedule.LateAfterUndo}
	case strings.HasSuffix(n, ".undo"), strings.HasSuffix(n, ".settle"):
		kinds = []Kind{
			schedule.Before, schedule.Lost, schedule.Fails, schedule.Away, schedule.LateAfterRetry,
			schedule.Cancel, schedule.Crash, schedule.CrashAfter,
		}
	default:
		kinds = []Kind{
			schedule.Before, schedule.Lost, schedule.Fails, schedule.Away, schedule.LateAfterRetry, schedule.LateAfterUndo,
			schedule.Cancel, schedule.Deadline, schedule.Slow, schedule.Crash, schedule.CrashAfter,
		}
	}
	if c.Local {
		kinds = append(kinds, schedule.CrashLate)
	}
	if _, ok := x.subject.(Disturber); ok {
		kinds = append(kinds, schedule.Disturb)
	}
	if _, ok := x.subject.(Refuser); ok && x.refusable[n] {
		kinds = append(kinds, schedule.Refuse, schedule.RefuseLost)
	}
	return kinds
}
