package saga

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/saga/key"
)

// Key identifies one step of one saga; see [key.Key].
type Key = key.Key

// None is the input or the output of a step that has none.
type None struct{}

// Kind is the role of a step in its saga.
type Kind string

// The kinds of a step.
const (
	// Recorded makes a decision that later steps use, such as a quote. The service
	// stores the decision under the step's key, so that a reset sees the same answer.
	// It needs no undo.
	Recorded Kind = "recorded"
	// Compensatable has an undo. It can run only before the pivot.
	Compensatable Kind = "compensatable"
	// Pivot is the point of no return; a saga has at most one. Instead of an undo it
	// has a settle, which learns that it happened or blocks it forever.
	Pivot Kind = "pivot"
	// Closing runs after the pivot, or after all undo. It is retried without
	// limit, never undone, and cannot fail for a business reason.
	Closing Kind = "closing"
)

// Step is one local transaction in one service, as data. Its do and undo are
// bound on the worker's side by [Bind] or [BindPivot] under the step's name.
type Step[In, Out any] struct {
	// Name is the activity's name and part of the idempotency key, for example
	// "inventory.reserve". It is recorded in histories: never rename a step.
	Name string
	// Queue names the service whose worker runs the step; [Options.Queues] maps it
	// to a task queue. Empty is a local step: the worker that runs the workflow
	// runs it too, as a local activity.
	Queue string
	// Kind is the step's role.
	Kind Kind
	// StartToClose limits one attempt; 0 is [Timing.StartToClose], for a local step
	// [Timing.LocalStartToClose].
	StartToClose time.Duration
	// Express limits the first try of a step that is express, see [Options.Express]. 0: the
	// step is not in [Plan.Express]; a run that names it all the same gives it a second.
	Express time.Duration
	// Heartbeat is for a step of many calls, whose attempt may take long: one that
	// reports nothing to package saga/progress for that time has failed, for example
	// because its worker died. StartToClose then only has to be long enough for the whole
	// step, and the step is not flagged while it makes progress. 0: attempts are short,
	// and StartToClose is the only limit.
	Heartbeat time.Duration
	// Owes names, in a few words, what the step's effect holds while it stands, for
	// example "stock held". Empty: nothing.
	Owes string
	// Free reports whether a call with this input has no effect that it could owe, such
	// as a payment of nothing; nil: none.
	Free func(In) bool
	// Money marks an effect on money: giving up on its undo needs a reference to the
	// remedy, see [RepairRequest].
	Money bool
	// Redact returns an input without the personal data that no history may keep; nil:
	// there is none. It is for a local step, whose input is in no history until the
	// step continues as an ordinary activity: then the do gets the redacted input, and
	// must find the rest by its key.
	Redact func(In) In
	// Summary describes a call in the Web UI, free of personal data; nil: none.
	Summary func(In) string
	// UndoSummary describes the step's undo there; empty: none.
	UndoSummary string
}

// Declared is what a [Plan] is made of: a [Step] of any types.
type Declared interface{ info() stepInfo }

// stepInfo is a step without its types.
type stepInfo struct {
	name, queue, owes string
	undoSummary       string
	kind              Kind
	startToClose      time.Duration
	express           time.Duration
	heartbeat         time.Duration
	money             bool
}

func (s Step[In, Out]) info() stepInfo {
	return stepInfo{
		name: s.Name, queue: s.Queue, owes: s.Owes, undoSummary: s.UndoSummary, kind: s.Kind, startToClose: s.StartToClose,
		express: s.Express, heartbeat: s.Heartbeat, money: s.Money,
	}
}

func (i stepInfo) local() bool { return i.queue == "" }

// Names of the activities of a step.
func doName(step string) string     { name, _, _ := strings.Cut(step, times); return name }
func undoName(step string) string   { return doName(step) + ".undo" }
func settleName(step string) string { return doName(step) + ".settle" }

// times separates a step's name from the number of the time that it is taken.
const times = ":"

// Nth returns the step for the nth time that one saga takes it, counted from 1, such as
// the second room of a trip. Each time is a step of its own: with a place in the plan, a
// key, an undo and a line in the view. The first has the step's own name, the second is
// "hotel.book:2". They are bound together: [Bind] of the step binds all of them.
//
// A plan has as many as the saga's input asks for, which the workflow makes with
// [NewPlan]; the same input must make the same plan.
func (s Step[In, Out]) Nth(n int) Step[In, Out] {
	if n < 1 || strings.Contains(s.Name, times) {
		panic(fmt.Sprintf("saga: %q has no time %d", s.Name, n))
	}
	if n > 1 {
		s.Name += times + strconv.Itoa(n)
	}
	return s
}

// named reports whether a step's name is one that [Step.Nth] leaves or makes.
func named(step string) bool {
	_, n, several := strings.Cut(step, times)
	nth, err := strconv.Atoi(n)
	return !several || err == nil && nth > 1
}

// Plan lists every step that a saga may take. Undo covers the plan, not only the
// steps that this run has started: an earlier run of the same saga (before a reset)
// may have started others.
type Plan struct {
	steps   []stepInfo
	pivot   string
	aborted []string // names of the steps of the aborted end
}

// NewPlan returns the plan of the steps. It panics if a name is missing or used
// twice, a kind is unknown, or there is more than one pivot: a plan is a
// package-level value, so the first test that loads the package finds the mistake.
func NewPlan(steps ...Declared) Plan {
	p := Plan{}
	var problems []error
	for _, d := range steps {
		s := d.info()
		switch {
		case s.name == "":
			problems = append(problems, errors.New("a step has no name"))
		case p.has(s.name):
			problems = append(problems, fmt.Errorf("step %q is there twice", s.name))
		case !named(s.name):
			problems = append(problems, fmt.Errorf("step %q has a colon in its name, which belongs to Nth", s.name))
		}
		switch s.kind {
		case Recorded, Compensatable, Closing:
		case Pivot:
			if p.pivot != "" {
				problems = append(problems, fmt.Errorf("both %q and %q are pivots", p.pivot, s.name))
			}
			p.pivot = s.name
		default:
			problems = append(problems, fmt.Errorf("step %q has the unknown kind %q", s.name, s.kind))
		}
		p.steps = append(p.steps, s)
	}
	if err := errors.Join(problems...); err != nil {
		panic(fmt.Sprintf("saga: bad plan: %v", err))
	}
	return p
}

// OnAbort returns the plan with the steps of the aborted end: the recorded ones that
// [Options.Decided] takes before anything is undone, and the closing ones that
// [Options.Aborted] takes when everything is. It panics as [NewPlan], and for a step
// of another kind.
func (p Plan) OnAbort(steps ...Declared) Plan {
	all := make([]Declared, 0, len(p.steps)+len(steps))
	for _, s := range p.steps {
		all = append(all, s)
	}
	q := NewPlan(append(all, steps...)...)
	q.aborted = slices.Clone(p.aborted)
	for _, d := range steps {
		s := d.info()
		if s.kind != Closing && s.kind != Recorded {
			panic(fmt.Sprintf("saga: bad plan: step %q ends an aborted saga but is neither closing nor recorded", s.name))
		}
		q.aborted = append(q.aborted, s.name)
	}
	return q
}

// info makes a stepInfo a [Declared] itself.
func (i stepInfo) info() stepInfo { return i }

// Express returns the names of the steps that have a limit for an express try; one that is
// taken several times is named once.
func (p Plan) Express() (names []string) {
	for _, s := range p.steps {
		if name := doName(s.name); s.express > 0 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (p Plan) has(name string) bool {
	_, ok := p.step(name)
	return ok
}

func (p Plan) step(name string) (stepInfo, bool) {
	for _, s := range p.steps {
		if s.name == name {
			return s, true
		}
	}
	return stepInfo{}, false
}
