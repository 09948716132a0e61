package saga

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// settle asks the plan's pivot whether it happened, and blocks it if not. It waits,
// flagged, while the service cannot tell: nothing is undone on a guess.
func (r *run) settle(ctx workflow.Context) (happened bool) {
	if r.o.Plan.pivot == "" {
		return false
	}
	s := r.find(r.o.Plan.pivot)
	untried := s == nil && r.first()
	if s == nil {
		info, _ := r.o.Plan.step(r.o.Plan.pivot)
		s = &stepRun{stepInfo: info, state: Running} // it may have happened
		r.unstarted = s
	}
	if s.state == Refused {
		return false // the refusal is recorded under the key, so it cannot happen later
	}
	// Only whether it happened counts: going forward, the do answers its outcome.
	q, a := ask[any](s, settleName(s.name), r.o.key(s.name), None{})
	q.summary = "did it happen?"
	q.arg = func(p policy) any { return call[None]{Key: r.o.key(s.name), Untried: untried, policy: p} }
	q.recorded = q.arg
	r.patient(ctx, q)
	if !a.Happened {
		s.state, s.end, s.attempts = Undone, workflow.Now(ctx), a.Attempts
		r.changed()
	}
	return a.Happened
}

// first reports whether no other run of the saga can have started a step: it was not resumed,
// and its workflow neither reset, nor tried again, nor continued.
func (r *run) first() bool {
	info := workflow.GetInfo(r.outer)
	original := info.OriginalRunID == "" || info.OriginalRunID == info.WorkflowExecution.RunID
	return r.o.Against == "" && original && info.Attempt <= 1 && info.ContinuedExecutionRunID == ""
}

// record makes the decision durable and learns the waivers of earlier runs, before
// anything is undone: a later run cannot tell either from the steps that it finds
// undone.
func (r *run) record(ctx workflow.Context, d Decision) {
	if r.o.Decided == nil {
		return
	}
	waived, err := r.o.Decided(ctx, d)
	if err != nil {
		panic(fmt.Sprintf("saga %s: the decision is not recorded: %v", r.o.ID, err))
	}
	r.drain()
	r.waived = waived
}

// undoPlan undoes every compensatable step of the plan except those refused in this
// run. A step that started here waits for the undo of all steps that started after
// it had ended: so undo runs in reverse, and parallel branches in parallel. A step
// that never started here is undone at once, because an earlier run of this saga may
// have started it, and to block its key for a late attempt. undoPlan returns when
// nothing is left to undo.
func (r *run) undoPlan(ctx workflow.Context) {
	var all []*stepRun
	for _, info := range r.o.Plan.steps {
		if info.kind != Compensatable {
			continue
		}
		s := r.find(info.name)
		if s == nil {
			s = &stepRun{stepInfo: info, state: Waiting}
			r.steps = append(r.steps, s)
		}
		if s.state != Refused {
			all = append(all, s)
		}
	}
	left := len(all)
	for _, s := range slices.Backward(all) {
		workflow.GoNamed(ctx, undoName(s.name), func(ctx workflow.Context) {
			// A flagged branch does not hold up the others.
			r.await(ctx, func() bool {
				return !slices.ContainsFunc(all, func(later *stepRun) bool {
					return slices.Contains(later.before, s) && later.state.holdsUp()
				})
			})
			r.undo(ctx, s)
			left--
		})
	}
	r.await(ctx, func() bool { return left == 0 })
}

// holdsUp reports whether the undo of earlier steps waits for a step in this state.
func (s State) holdsUp() bool { return s != Undone && s != Flagged && s != Waived }

// undo takes one step back, unless an operator gives up on that.
func (r *run) undo(ctx workflow.Context, s *stepRun) {
	if i := slices.IndexFunc(r.waived, func(w Waiver) bool { return w.Step == s.name }); i >= 0 {
		if w := r.waived[i]; s.ended && s.state != Undone && s.end.After(w.At) {
			// This run has taken the step since. It may have found the waived effect, or made
			// another: only an operator can tell.
			Raise(ctx, s.name, TakenAfterWaiver)
		}
		s.state = Waived
		r.waivers = append(r.waivers, r.waived[i])
		r.news()
		return
	}
	s.state = Undoing
	r.changed()
	q, a := ask[None](s, undoName(s.name), r.o.key(s.name), None{})
	q.summary = s.undoSummary
	r.patient(ctx, q, fault.Suspension)
	s.end = workflow.Now(ctx)
	if s.state != Waived {
		s.state, s.attempts = Undone, a.Attempts
	}
	r.changed()
}
