package saga

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// Do takes a step and waits for its outcome. Transient failures and unknown
// outcomes are retried, so an error is final: the step was refused (a [fault.Error]
// with the service's code and message), or the saga is being aborted. Return it
// from the body.
//
// Before the pivot a step that fails aborts the saga: its siblings are canceled and
// everything is undone. From the pivot on, Do returns only when the step has
// succeeded.
func Do[In, Out any](ctx workflow.Context, s Step[In, Out], in In) (Out, error) {
	r := from(ctx)
	if noticing(ctx) {
		return tell(ctx, r, s, in)
	}
	q, err := begin(r, s, in)
	if err != nil {
		var zero Out
		return zero, err
	}
	return finish[Out](ctx, r, q)
}

// Go takes a step in parallel with the steps that follow. A promise counts also if
// the body never reads it: the saga waits for the step, and aborts if it fails.
func Go[In, Out any](ctx workflow.Context, s Step[In, Out], in In) *Promise[Out] {
	r := from(ctx)
	if noticing(ctx) {
		panic("saga " + r.o.ID + ": a notice takes its steps with Do")
	}
	p := &Promise[Out]{}
	q, err := begin(r, s, in)
	if err != nil {
		p.err, p.settled = err, true
		return p
	}
	workflow.GoNamed(ctx, s.Name, func(ctx workflow.Context) {
		p.value, p.err = finish[Out](ctx, r, q)
		p.settled = true
	})
	return p
}

// Promise is a step under way. The nil promise is of a step that the saga does not take:
// it has no outcome to wait for.
type Promise[Out any] struct {
	value   Out
	err     error
	settled bool
}

// Get waits for the step and returns the same as [Do]. A repeat returns the same
// again.
func (p *Promise[Out]) Get(ctx workflow.Context) (Out, error) {
	if p == nil {
		var none Out
		return none, nil
	}
	r := from(ctx)
	rest, _ := workflow.NewDisconnectedContext(ctx)
	r.await(rest, func() bool { return p.settled })
	return p.value, p.err
}

// doOf returns the request to do s.
func doOf[In, Out any](r *run, on *stepRun, s Step[In, Out], in In) request {
	k := r.o.key(s.Name)
	q, _ := ask[Out](on, doName(s.Name), k, in)
	if s.Redact != nil {
		q.recorded = argument(k, s.Redact(in))
	}
	if s.Summary != nil {
		q.summary = s.Summary(in)
	}
	q.express = !on.local() && slices.Contains(r.o.Express, doName(s.Name))
	return q
}

// begin gives the step its place in the start order, at once: parallel steps
// start in the order in which the body names them.
func begin[In, Out any](r *run, s Step[In, Out], in In) (request, error) {
	on, f := r.begin(s.info())
	if f != nil {
		return request{}, f.fault()
	}
	if s.Free != nil && s.Free(in) {
		on.owes = ""
	}
	return doOf(r, on, s, in), nil
}

func finish[Out any](ctx workflow.Context, r *run, q request) (Out, error) {
	if f := r.perform(ctx, q); f != nil {
		var zero Out
		return zero, f.fault()
	}
	return output[Out](r, q.step.name, q.step.result), nil
}

// output returns the output in the answer to a do.
func output[Out any](r *run, step string, a any) Out {
	got, ok := a.(*answer[Out])
	if !ok {
		panic(fmt.Sprintf("saga %s: step %s was taken with two types", r.o.ID, step))
	}
	return got.Output
}

// begin checks that the step may start now and notes its start. A step that does
// not start, because the saga is being aborted, fails with the code [canceled].
func (r *run) begin(info stepInfo) (*stepRun, *failure) {
	r.mustAllow(info)
	r.listen()
	r.expire()
	if r.phase == Forward && r.stopped() {
		return nil, &failure{code: canceled, kind: fault.Unknown}
	}
	s := r.find(info.name)
	if s != nil && s.pass == r.pass && !r.undoing() {
		panic(fmt.Sprintf("saga %s: step %s is taken twice", r.o.ID, info.name))
	}
	if s == nil {
		s = &stepRun{stepInfo: info, start: workflow.Now(r.outer)}
		for _, other := range r.steps {
			if other.ended {
				s.before = append(s.before, other)
			}
		}
		r.steps = append(r.steps, s)
	}
	s.pass = r.pass
	r.open++ // from here on, or the pivot could overtake a promise
	if s.fallible() {
		r.fallible++
	}
	return s, nil
}

// mustAllow panics if the body breaks the rules of the step's kind. A saga's first
// test finds this; in production it would block the workflow task.
func (r *run) mustAllow(info stepInfo) {
	deny := func(why string) { panic(fmt.Sprintf("saga %s: step %s %s", r.o.ID, info.name, why)) }
	planned, ok := r.o.Plan.step(info.name)
	switch {
	case !ok:
		deny("is not in the plan")
	case planned != info:
		deny("differs from the one in the plan")
	case r.undoing() && info.kind != Closing && info.kind != Recorded:
		deny("cannot run in an aborted saga: only closing and recorded steps can")
	case r.undoing():
	case info.kind == Closing && r.o.Plan.pivot != "" && r.pivot != behind:
		deny("is closing, but the pivot is still ahead")
	case info.kind != Closing && r.pivot != ahead:
		deny("comes after the point of no return: only closing steps can")
	}
}

func (r *run) find(name string) *stepRun {
	if i := slices.IndexFunc(r.steps, func(s *stepRun) bool { return s.name == name }); i >= 0 {
		return r.steps[i]
	}
	return nil
}

// fallible reports whether a failure of the step aborts the saga.
func (i stepInfo) fallible() bool { return i.kind != Pivot && i.kind != Closing }

// perform brings a step that has begun to its end.
func (r *run) perform(ctx workflow.Context, q request) *failure {
	s := q.step
	defer func() {
		r.open--
		if s.fallible() {
			r.fallible--
		}
	}()
	if s.state == Done { // by an earlier pass of this run
		r.passed(s)
		return nil
	}
	s.state = Running
	r.changed()
	var f *failure
	switch {
	case r.phase == Forward && s.kind == Pivot:
		f = r.performPivot(ctx, q)
	case r.phase == Forward && s.kind == Closing:
		f = r.performFirstClosing(ctx, q)
	case r.phase == Forward:
		f = r.attempt(ctx, q)
	default:
		r.insist(ctx, q)
	}
	r.ended(q, f)
	return f
}

// passed notes that a step is done: the pivot may now be behind the body.
func (r *run) passed(s *stepRun) {
	if s.kind == Pivot {
		r.pivot = behind
	}
}

// attempt takes a step before the pivot. Its retries end at decide-by, not before:
// the deployment of a worker must not cancel orders.
func (r *run) attempt(ctx workflow.Context, q request) *failure {
	f := r.persist(ctx, q, r.steady(), func(f *failure) bool {
		return f == nil || ctx.Err() != nil || f.kind != fault.Transient && f.kind != fault.Unknown
	})
	r.listen() // a cancel request of this very task: its reason is not this call's end
	switch {
	case f == nil || f.code == canceled:
	case !r.stopped():
		r.failed = true
		r.stop() // the siblings; in-flight attempts are waited for
	case f.kind == fault.Transient || f.kind == fault.Unknown:
		// This attempt was under way when the step was stopped, and the engine made no
		// other: it is neither an outcome of the step nor a reason.
		return &failure{code: canceled, kind: fault.Unknown, attempts: f.attempts}
	}
	return f
}

// performPivot takes the pivot, alone and disconnected: from here on its outcome
// decides, and a cancel or the deadline comes too late.
func (r *run) performPivot(ctx workflow.Context, q request) *failure {
	rest, _ := workflow.NewDisconnectedContext(ctx)
	if f := r.commit(rest); f != nil {
		return f
	}
	f := r.patient(rest, q, fault.Business, fault.Suspension)
	if f == nil {
		r.pivot = behind
		r.enter(Completing)
		return nil
	}
	r.failed, r.pivot = true, ahead
	return f
}

// performFirstClosing takes the first closing step of a plan without a pivot: it is
// the point of no return.
func (r *run) performFirstClosing(ctx workflow.Context, q request) *failure {
	rest, _ := workflow.NewDisconnectedContext(ctx)
	if f := r.commit(rest); f != nil {
		return f
	}
	r.pivot = behind
	r.enter(Completing)
	r.insist(ctx, q)
	return nil
}

// commit waits until the saga may pass its point of no return: a step that is still
// under way could fail after the money was taken. It fails if the saga is being
// aborted.
func (r *run) commit(rest workflow.Context) *failure {
	r.await(rest, func() bool { return r.fallible == 0 || r.stopped() })
	r.expire()
	if r.stopped() {
		return &failure{code: canceled, kind: fault.Unknown}
	}
	r.pivot = scheduled
	r.disarm()
	return nil
}

// insist takes a step that must succeed, because the saga is decided.
func (r *run) insist(ctx workflow.Context, q request) {
	rest, _ := workflow.NewDisconnectedContext(ctx)
	var ends []fault.Kind
	if q.step.kind == Closing {
		ends = []fault.Kind{fault.Suspension} // an earlier run has closed it: done
	}
	r.patient(rest, q, ends...)
	r.passed(q.step)
}

// ended notes the outcome of a do.
func (r *run) ended(q request, f *failure) {
	s := q.step
	s.ended, s.end, s.failure = true, workflow.Now(r.outer), f
	if f != nil {
		s.attempts = f.attempts
	}
	switch {
	case f == nil:
		s.state, s.result, s.attempts = Done, q.answer, *q.attempts
	case f.kind == fault.Business:
		s.state = Refused
	case f.kind == fault.Suspension:
		s.state = Undone // by an earlier run
	default:
		s.state = Waiting // it may have happened; undo covers it
	}
	r.changed()
}
