package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/amends/amends/event/eventtest/subject"
	"github.com/amends/amends/saga/sagatest/schedule"
)

// The types of package subject.
type (
	Subject   = subject.Subject
	Canceler  = subject.Canceler
	Expirer   = subject.Expirer
	Refuser   = subject.Refuser
	Disturber = subject.Disturber
	Reporter  = subject.Reporter
	End       = subject.End
)

// Stage runs schedules on one subject, one after the other.
type Stage struct {
	subject  Subject
	registry *Registry
}

// New returns a stage for the subject that newSubject makes. It gives its listeners to the
// registry, and lets calls pass through it.
func New(newSubject func(r *Registry) (Subject, error)) (*Stage, error) {
	r := &Registry{}
	s, err := newSubject(r)
	if err != nil {
		return nil, err
	}
	return &Stage{subject: s, registry: r}, nil
}

// Outcome is the result of running one schedule.
type Outcome struct {
	Err     error             // a broken promise, or a fault of the subject's machinery
	Hit     schedule.Schedule // the faults of the schedule that hit
	Settled int               // the number of calls when the last of them hit
	Calls   []Call            // all calls, in order
}

// Trace returns the calls in order.
func (o Outcome) Trace() []string { return trace(o.Calls) }

// Call is one call of a run.
type Call struct {
	Call  string          // "name#n"
	Kinds []schedule.Kind // the faults that can happen at it
}

func trace(calls []Call) []string {
	all := make([]string, len(calls))
	for i, c := range calls {
		all[i] = c.Call
	}
	return all
}

// Run runs one schedule from a fresh subject to the saga's end, and judges it.
func (g *Stage) Run(ctx context.Context, s schedule.Schedule) (o Outcome) {
	e := &engine{
		subject: g.subject, registry: g.registry, kinds: g.kinds(), schedule: s, until: patience,
		seen: map[string]int{}, failing: map[string]int{}, away: map[string]int{}, behind: map[string][]delivery{}, down: map[string]bool{},
	}
	g.registry.engine = e
	defer func() {
		if p := recover(); p != nil {
			o.Err = fmt.Errorf("panic: %v", p)
		}
		g.registry.engine = nil
		o.Hit, o.Settled, o.Calls = e.hit, e.settled, e.calls
	}()
	g.registry.engine = nil // a reset is no part of the run
	if err := g.subject.Reset(ctx); err != nil {
		return Outcome{Err: fmt.Errorf("reset: %w", err)}
	}
	g.registry.engine = e
	return Outcome{Err: e.toTheEnd(ctx)}
}

// Reactions returns the names of all reactions, each with the faults that can happen at a
// delivery of it.
func (g *Stage) Reactions() map[string][]schedule.Kind {
	all := map[string][]schedule.Kind{}
	kinds := g.kinds()
	for _, l := range g.registry.listeners {
		for _, f := range l.Facts {
			name := l.Group + ":" + fact(f.Type())
			all[name] = slices.Concat(kinds.under(l), attempted, kinds.beside(name))
		}
	}
	return all
}

// errNeverEnds is the failure of a saga that makes no progress, whatever it is reminded of.
var errNeverEnds = errors.New("the saga does not end")
