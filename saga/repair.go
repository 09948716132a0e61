package saga

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
)

// UpdateRepair is the update with which an operator repairs a flagged step. It takes
// a [RepairRequest] and answers a [RepairResult].
const UpdateRepair = "repair"

// Action is the effect of a repair on a flagged step.
type Action = ledger.Action

// The actions.
const (
	Retry = ledger.Retry
	Skip  = ledger.Skip
	// Those of whole sagas, which this package does not make.
	Nudge  = ledger.Nudge
	Resume = ledger.Resume
	Rerun  = ledger.Rerun
)

// Codes of a refused repair, beside [UnknownSaga], [AlreadyDecided] and
// [fault.Invalid]. Temporal delivers them as the type of an ApplicationError.
const (
	// UnknownStep means that the saga's plan has no step with that name.
	UnknownStep fault.Code = "UNKNOWN_STEP"
	// NotFlagged means that the step makes progress, or has ended.
	NotFlagged fault.Code = "NOT_FLAGGED"
	// ClosingStep means that a closing step cannot be skipped: the saga is decided.
	ClosingStep fault.Code = "CLOSING_STEP"
	// PivotStep means that a pivot cannot be skipped: nothing is undone on a guess.
	PivotStep fault.Code = "PIVOT_STEP"
	// ReasonMissing means that a repair needs a reason.
	ReasonMissing fault.Code = "REASON_MISSING"
	// OperatorMissing means that a repair needs the operator's name.
	OperatorMissing fault.Code = "OPERATOR_MISSING"
	// ReferenceMissing means that a skip of money needs a reference to the remedy.
	ReferenceMissing fault.Code = "REFERENCE_MISSING"
)

// TakenAfterWaiver is the code of a lasting flag: a run of the saga has taken a step
// whose undo an operator had given up before.
const TakenAfterWaiver fault.Code = "TAKEN_AFTER_WAIVER"

// RepairRequest asks for a repair of one flagged step.
type RepairRequest struct {
	Saga      string `json:"saga"`
	Step      string `json:"step"`
	Action    Action `json:"action"`
	Reason    string `json:"reason"` // in words
	Operator  string `json:"operator"`
	Reference string `json:"reference,omitempty"` // of the remedy; needed to skip a step with Money
}

// RepairResult is the result of a repair.
type RepairResult struct {
	// Step is the step's progress: after a retry when the new attempt is scheduled,
	// after a skip when the step is waived, or was undone after all.
	Step StepView `json:"step"`
	// Waiver is the record of a skip; nil if the step was undone after all.
	Waiver *Waiver `json:"waiver,omitempty"`
}

// Repair is one accepted request for a repair, kept in the saga's [View].
type Repair = ledger.Repair

// Waiver says that an operator gave up on undoing a step, as a [Skip] does.
type Waiver = ledger.Waiver

// maxText is the longest text of a repair, in characters.
const maxText = 1000

// validateRepair refuses a repair that cannot change anything. The first rule that
// holds answers. A refused update leaves no trace in the history.
func (h *host) validateRepair(q RepairRequest) error {
	r, err := h.find(q.Saga)
	if err != nil {
		return err
	}
	info, planned := r.o.Plan.step(q.Step)
	s, skip := r.lookup(q.Step), q.Action == Skip
	for _, rule := range []struct {
		holds  bool
		answer error
	}{
		{!planned, refuse(UnknownStep, r.o.Plan.names())},
		{!skip && q.Action != Retry, refuse(fault.Invalid, "an action is retry or skip")},
		{blank(q.Reason), refuse(ReasonMissing, "a repair needs a reason")},
		{blank(q.Operator), refuse(OperatorMissing, "a repair needs the name of who asks for it")},
		{!fit(q.Reason, q.Operator, q.Reference), refuse(fault.Invalid, "a text has at most 1,000 characters, none of them a control character")},
		{skip && s != nil && s.state == Waived, nil}, // the same again
		{r.over(), refuse(AlreadyDecided, "the saga has ended")},
		{skip && info.kind == Pivot, refuse(PivotStep, "nothing is undone on a guess: a pivot can only be retried")},
		{skip && info.kind == Closing, refuse(ClosingStep, "the saga is decided: a closing step can only be retried")},
		{s == nil || !s.parked, refuse(NotFlagged, "the step needs no attention")},
		// The saga's end may need the answer of a recorded step, before or after undo.
		{skip && info.kind != Compensatable, refuse(fault.Invalid, "the step has no undo to give up on: it can only be retried")},
		{skip && r.phase != Compensating, refuse(fault.Invalid, "the step is not being undone: it can only be retried, or the saga be cancelled")},
		{skip && info.money && blank(q.Reference), refuse(ReferenceMissing, "the step's effect is money: giving up on its undo needs a reference")},
	} {
		if rule.holds {
			return rule.answer
		}
	}
	return nil
}

// CheckSkip refuses to give up on the undo of a step that has none, and without a reference on
// that of an effect on money. It is for sagas of the plan that this package does not run. The
// codes are those of a refused repair.
func (p Plan) CheckSkip(step, reference string) error {
	info, planned := p.step(step)
	switch {
	case !planned:
		return fault.Errorf(fault.Business, UnknownStep, "%s", p.names())
	case info.kind == Pivot:
		return fault.Errorf(fault.Business, PivotStep, "nothing is undone on a guess: a pivot can only be retried")
	case info.kind == Closing:
		return fault.Errorf(fault.Business, ClosingStep, "the saga is decided: a closing step can only be retried")
	case info.kind != Compensatable:
		return fault.Errorf(fault.Business, fault.Invalid, "the step has no undo to give up on: it can only be retried")
	case info.money && blank(reference):
		return fault.Errorf(fault.Business, ReferenceMissing, "the step's effect is money: giving up on its undo needs a reference")
	}
	return nil
}

// names says which steps the plan has, to one who named another.
func (p Plan) names() string {
	all := make([]string, len(p.steps))
	for i, s := range p.steps {
		all[i] = s.name
	}
	return "The saga has no such step. Its steps are " + strings.Join(all, ", ") + "."
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// fit reports whether a repair can keep the texts.
func fit(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(text string) bool {
		return utf8.RuneCountInString(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
	})
}

// repair has a flagged step called again at once, or gives up on it, and waits until
// that has happened.
func (h *host) repair(ctx workflow.Context, q RepairRequest) (RepairResult, error) {
	r, err := h.find(q.Saga)
	if err != nil {
		return RepairResult{}, err
	}
	s := r.lookup(q.Step)
	if s.state != Waived {
		r.note(ctx, q)
	}
	if s.parked { // else it has ended since the request was validated
		before := s.calls
		if q.Action == Retry {
			s.again = true
		} else if s.skip == nil {
			s.skip = &q
		}
		s.interrupt()
		rest, _ := workflow.NewDisconnectedContext(ctx)
		r.await(rest, func() bool { return !s.parked || q.Action == Retry && s.calls > before })
	}
	result := RepairResult{Step: r.stepView(s)}
	if i := slices.IndexFunc(r.waivers, func(w Waiver) bool { return w.Step == s.name }); i >= 0 {
		result.Waiver = &r.waivers[i]
	}
	return result, nil
}

// note keeps and counts a request.
func (r *run) note(ctx workflow.Context, q RepairRequest) {
	r.repairs = append(r.repairs, Repair{
		Step: q.Step, Action: q.Action, Reason: q.Reason, Operator: q.Operator, Reference: q.Reference, At: workflow.Now(ctx),
	})
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"step": q.Step, "action": string(q.Action)}).
		Counter("amends_saga_repaired").Inc(1)
	r.changed()
}

// waive gives up on a step for which a skip was requested.
func (r *run) waive(s *stepRun) {
	w := Waiver{
		Step: s.name, Code: s.failure.code, Owed: r.exposure(s),
		Reason: s.skip.Reason, Operator: s.skip.Operator, Reference: s.skip.Reference, At: workflow.Now(r.outer),
	}
	s.state = Waived
	r.waivers = append(r.waivers, w)
	workflow.GetLogger(r.outer).Warn("saga step waived", "saga", r.o.ID, "step", w.Step, "code", string(w.Code))
}

// lookup finds a step that this run calls or has called; nil: none.
func (r *run) lookup(name string) *stepRun {
	if s := r.find(name); s != nil || r.unstarted == nil || r.unstarted.name != name {
		return s
	}
	return r.unstarted
}

// pivotParked reports whether the pivot's outcome is unknown and may stay so for long.
func (r *run) pivotParked() bool {
	s := r.lookup(r.o.Plan.pivot)
	return s != nil && s.parked
}
