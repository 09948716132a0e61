package saga

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// Raise flags the saga of ctx for good: a person must look at it, although it
// goes on and ends. Raising the same code twice is one flag.
func Raise(ctx workflow.Context, step string, code fault.Code) {
	r := from(ctx)
	r.raise(Attention{Step: step, Code: code, Kind: fault.Bug, Since: workflow.Now(ctx), lasting: true})
}

// flag says that a step makes no progress. Its call goes on.
func (r *run) flag(s *stepRun, f *failure) {
	s.failure, s.attempts = f, f.attempts
	if s.state == Undoing {
		s.state = Flagged
	}
	r.raise(Attention{Step: s.name, Code: f.code, Kind: f.kind, Since: workflow.Now(r.outer), Owed: s.exposure()})
}

// unflag says that a step that was flagged has come to its end.
func (r *run) unflag(s *stepRun) {
	before := len(r.attention)
	r.attention = slices.DeleteFunc(r.attention, func(a Attention) bool { return a.Step == s.name && !a.lasting })
	if before > 0 && len(r.attention) == 0 {
		r.upsertAttention(false)
	}
	r.changed()
}

func (r *run) raise(a Attention) {
	same := func(b Attention) bool { return b.Step == a.Step && b.Code == a.Code }
	if i := slices.IndexFunc(r.attention, same); i >= 0 {
		r.attention[i].lasting = r.attention[i].lasting || a.lasting
		return
	}
	r.attention = append(r.attention, a)
	workflow.GetLogger(r.outer).Warn("saga needs attention", "saga", r.o.ID, "step", a.Step, "code", string(a.Code))
	workflow.GetMetricsHandler(r.outer).WithTags(map[string]string{"step": a.Step, "code": string(a.Code)}).
		Counter("amends_saga_flagged").Inc(1)
	if len(r.attention) == 1 {
		r.upsertAttention(true)
	}
	r.changed()
}

func (r *run) upsertAttention(on bool) {
	if r.o.NeedsAttention == nil {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(r.outer, r.o.NeedsAttention.ValueSet(on)); err != nil {
		panic("saga: search attribute: " + err.Error())
	}
}
