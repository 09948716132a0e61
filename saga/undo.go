package saga

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// settle asks the plan's pivot whether it happened, and blocks it if not. It
// waits, flagged, as long as nobody can tell: nothing is undone on a guess.
func (r *run) settle(ctx workflow.Context) (happened bool) {
	if r.o.Plan.pivot == "" {
		return false
	}
	s := r.find(r.o.Plan.pivot)
	if s == nil {
		info, _ := r.o.Plan.step(r.o.Plan.pivot)
		s = &stepRun{stepInfo: info, state: Running} // as far as anybody can tell
		r.unstarted = s
	}
	if s.state == Refused {
		return false // the refusal is recorded under the key: it cannot happen any more
	}
	// Only whether it happened counts: going forward, the do answers its outcome.
	q, a := ask[any](s, settleName(s.name), Key{Saga: r.o.ID, Step: s.name}, None{})
	q.summary = "did it happen?"
	r.patient(ctx, q)
	if !a.Happened {
		s.state, s.end, s.attempts = Undone, workflow.Now(ctx), a.Attempts
		r.changed()
	}
	return a.Happened
}

// record makes the decision durable and learns what earlier runs have left,
// before anything is undone: a run after this one must not have to guess either
// from what it finds undone.
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

// undoPlan undoes every compensatable step of the plan but those refused in this
// run. A step that started here is undone after all that started when it had
// ended, so in reverse, and parallel branches in parallel; what never started
// here is undone at once, because an earlier run of this saga may have started
// it, and to fence a late attempt. It returns when nothing is left to undo.
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
			// A branch that is flagged does not hold up the others.
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

// holdsUp says that the undo of earlier steps waits for one in this state.
func (s State) holdsUp() bool { return s != Undone && s != Flagged && s != Waived }

// undo takes one step back, unless a person gives up on that.
func (r *run) undo(ctx workflow.Context, s *stepRun) {
	if i := slices.IndexFunc(r.waived, func(w Waiver) bool { return w.Step == s.name }); i >= 0 {
		if w := r.waived[i]; s.ended && s.state != Undone && s.end.After(w.At) {
			// This run has taken the step since. It may have met the effect that was settled
			// otherwise, or made another: only a person can tell.
			Raise(ctx, s.name, TakenAfterWaiver)
		}
		s.state = Waived
		r.waivers = append(r.waivers, r.waived[i])
		r.news()
		return
	}
	s.state = Undoing
	r.changed()
	q, a := ask[None](s, undoName(s.name), Key{Saga: r.o.ID, Step: s.name}, None{})
	q.summary = s.undoSummary
	r.patient(ctx, q, fault.Suspension)
	s.end = workflow.Now(ctx)
	if s.state != Waived {
		s.state, s.attempts = Undone, a.Attempts
	}
	r.changed()
}
