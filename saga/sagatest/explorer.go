package sagatest

import (
	"context"
	"slices"
	"strings"

	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/search"
	"github.com/amends/amends/saga/sagatest/stage"
)

// Explorer tries schedules of faults on a saga.
type Explorer struct {
	// New returns a new subject; each worker has its own.
	New func() (Subject, error)
	// SagaID is the id of the saga that the subject starts, for a cancel.
	SagaID string
	// Refusable are the steps that the subject can refuse; see [Refuser].
	Refusable []string
	// Faults is the greatest number of faults in a schedule.
	Faults int
	// Sample is the greatest number of schedules tried of each size, drawn by Seed;
	// 0 tries all of them.
	Sample int
	Seed   uint64
	// Workers is the number of subjects that work in parallel; 0 is one per core.
	Workers int
	// Dense is the greatest number of faults in a schedule that has one at any attempt
	// during an outage. Larger schedules have faults only at its first two retries and
	// its last: only time passes in between. 0 means no limit. With a limit no worlds
	// are compared.
	Dense int
	// Unreduced also runs every schedule that is the same run as another one, or
	// goes on from an equal world. It is there to check that this finds nothing more.
	Unreduced bool
	// Unsteered leaves out the schedules of more faults that are steered to rows of the
	// barrier's table, and counts no rows. It is there to compare explorations, as
	// Unreduced is.
	Unsteered bool
}

// Run tries schedules in order of their size, and stops after the first size with a
// failure, so the reported failure is one of the shortest. A broken promise is in
// the report; the error is of a subject that cannot be made, or of ctx.
func (e Explorer) Run(ctx context.Context) (Report, error) {
	o := search.Options{Faults: e.Faults, Sample: e.Sample, Seed: e.Seed, Workers: e.Workers, Dense: e.Dense, Unreduced: e.Unreduced, Unsteered: e.Unsteered}
	return search.Run(ctx, o, func() (search.Runner, error) { return e.explorer() })
}

// Replay runs one schedule, and returns its failure; nil: it breaks no promise.
func (e Explorer) Replay(ctx context.Context, line string) (*Failure, error) {
	x, err := e.explorer()
	if err != nil {
		return nil, err
	}
	return search.Replay(ctx, x, line)
}

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
		return nil, err
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

// Run implements [search.Runner].
func (x *explorer) Run(ctx context.Context, s Schedule, grow bool, known *search.Worlds) search.Result {
	var w stage.Watch
	if grow || known != nil {
		w.Print = x.print
	}
	if known != nil {
		w.Known = known.Has
	}
	o := x.stage.Run(ctx, s, w)
	r := search.Result{Cut: o.Cut, Err: o.Err, Past: o.Worlds, Marks: o.Came}
	if r.Short = len(o.Hit) < len(s); r.Short {
		r.Hit = o.Hit
	}
	if grow {
		r.Wants = o.Wants
	}
	if !r.Short {
		r.Stood = stood(o)
	}
	switch {
	case r.Err != nil:
		r.Trace = o.Trace()
	case grow && !r.Short: // a fault that did not happen adds nothing
		r.More, r.Same = x.growths(s, o)
	}
	return r
}

// stood returns the rows of the barrier's table that one more fault may lead to. Every run
// has an intent during a call to an external system; one that stands later does so because
// of a fault.
func stood(o stage.Outcome) (all []search.Mark) {
	for _, c := range o.Calls[min(o.Settled, len(o.Calls)):] {
		for _, l := range c.Leads {
			if c.Activity != 0 && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
}

// Cells implements [search.Runner]: only a run tells which steps a workflow takes.
func (*explorer) Cells() []search.Cell { return nil }

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

// cellOf returns the cell of a fault at a call. An attempt by the workflow's own worker has
// another cell than one on a queue, because the saga handles its faults differently.
func cellOf(c stage.Call, k Kind) search.Cell {
	name := schedule.Name(c.Call)
	if c.Local {
		name = "local " + name
	}
	return search.Cell{Name: name, Kind: k}
}
