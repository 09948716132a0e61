package saga

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// Raise flags the saga of ctx lastingly: an operator must review it, although it
// goes on and ends. Raising the same code of the same step twice is one flag.
func Raise(ctx workflow.Context, step string, code fault.Code) {
	r := from(ctx)
	r.raise(Attention{Step: step, Code: code, Kind: fault.Bug, Since: workflow.Now(ctx), Lasting: true})
}

// flag notes that a step makes no progress, and the failure of its last call. The
// step is retried all the same.
func (r *run) flag(s *stepRun, f *failure) {
	if f.code == canceled { // by a repair, between two attempts
		return
	}
	s.failure, s.attempts = f, f.attempts
	if s.state == Undoing {
		s.state = Flagged
	}
	a := Attention{Step: s.name, Code: f.code, Kind: f.kind, Since: workflow.Now(r.outer), Owed: r.exposure(s)}
	if i := slices.IndexFunc(r.attention, recovers(s)); i >= 0 { // it was flagged before, with another failure
		a.Since = r.attention[i].Since
		r.attention[i] = a
		r.news()
		return
	}
	r.raise(a)
}

// recovers returns the condition of a flag that the step's success takes down.
func recovers(s *stepRun) func(Attention) bool {
	return func(a Attention) bool { return a.Step == s.name && !a.Lasting }
}

// unflag takes down the flag of a step whose call has ended.
func (r *run) unflag(s *stepRun) {
	s.repairing = repairing{}
	before := len(r.attention)
	r.attention = slices.DeleteFunc(r.attention, recovers(s))
	if before == len(r.attention) {
		return
	}
	if len(r.attention) == 0 {
		r.upsertAttention(false)
	}
	r.news()
}

func (r *run) raise(a Attention) {
	// A lasting flag and one that recovers are two, also if they have one code: only
	// the latter has the exposure.
	same := func(b Attention) bool { return b.Step == a.Step && b.Code == a.Code && b.Lasting == a.Lasting }
	if slices.ContainsFunc(r.attention, same) {
		return
	}
	r.attention = append(r.attention, a)
	workflow.GetLogger(r.outer).Warn("saga needs attention", "saga", r.o.ID, "step", a.Step, "code", string(a.Code))
	workflow.GetMetricsHandler(r.outer).WithTags(map[string]string{"step": a.Step, "code": string(a.Code)}).
		Counter("amends_saga_flagged").Inc(1)
	if len(r.attention) == 1 {
		r.upsertAttention(true)
	}
	r.news()
}

func (r *run) upsertAttention(on bool) {
	if r.o.NeedsAttention == nil {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(r.outer, r.o.NeedsAttention.ValueSet(on)); err != nil {
		panic("saga: search attribute: " + err.Error())
	}
}
