package saga

import (
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
)

// State is the progress of one step.
type State string

// The states of a step.
//
//	waiting → running → done → undoing → undone
//	                  ↘ refused        ↘ (flagged while it makes no progress)
//	waiting → undoing → undone          an undo of a step that never started here
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Refused State = "refused"
	Undoing State = "undoing"
	Undone  State = "undone"
	Flagged State = "flagged"
	Waived  State = "waived"
)

// Phase is the progress of the whole saga.
type Phase string

// The phases of a saga.
const (
	// Forward runs the body's steps.
	Forward Phase = "forward"
	// Settling asks whether the pivot happened, before anything is undone.
	Settling Phase = "settling"
	// Compensating undoes the plan.
	Compensating Phase = "undoing"
	// Completing goes on to the closing steps: the pivot happened.
	Completing Phase = "completing"
	// Committed is the end after the closing steps.
	Committed Phase = "committed"
	// Aborted is the end after all undo.
	Aborted Phase = "aborted"
)

// View is the progress of a saga: the answer of the query [QuerySaga].
type View struct {
	ID        string      `json:"id"`
	Phase     Phase       `json:"phase"`
	Reason    fault.Code  `json:"reason,omitempty"` // why it was aborted
	DecideBy  time.Time   `json:"decide_by,omitzero"`
	Steps     []StepView  `json:"steps"` // in start order, then those of the plan that never started
	Attention []Attention `json:"attention"`
	Waivers   []Waiver    `json:"waivers"`
	Repairs   []Repair    `json:"repairs"` // in the order in which they were asked for
}

// StepView is the progress of one step.
type StepView struct {
	Name      string     `json:"name"`
	State     State      `json:"state"`
	Attempts  int        `json:"attempts"` // of the last call that ended
	StartedAt *time.Time `json:"started_at,omitempty"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	Error     fault.Code `json:"error,omitempty"`    // the last one
	Exposure  string     `json:"exposure,omitempty"` // the step's effect that stands right now
}

// Attention says that a step makes no progress, or that an operator must review
// it; see [Raise].
type Attention = ledger.Attention

// Step returns the view of a step by name.
func (v View) Step(name string) (StepView, bool) {
	for _, s := range v.Steps {
		if s.Name == name {
			return s, true
		}
	}
	return StepView{}, false
}

// newView returns a view whose lists are empty, so that JSON has no null.
func newView(id string, p Phase) View {
	return View{ID: id, Phase: p, Steps: []StepView{}, Attention: []Attention{}, Waivers: []Waiver{}, Repairs: []Repair{}}
}

func (r *run) view() View {
	v := newView(r.o.ID, r.phase)
	v.DecideBy = r.o.DecideBy
	v.Attention = append(v.Attention, r.attention...)
	v.Waivers = append(v.Waivers, r.waivers...)
	v.Repairs = append(v.Repairs, r.repairs...)
	if r.decision != nil {
		v.Reason = r.decision.Code
	}
	for _, s := range r.steps {
		sv := r.stepView(s)
		if r.phase == Committed {
			sv.Exposure = "" // the effects are the saga's result
		}
		v.Steps = append(v.Steps, sv)
	}
	for _, info := range r.o.Plan.steps {
		if r.find(info.name) == nil && r.upcoming(info) {
			v.Steps = append(v.Steps, StepView{Name: info.name, State: Waiting})
		}
	}
	return v
}

// upcoming reports whether a step that has not started may still be taken.
func (r *run) upcoming(info stepInfo) bool {
	other := slices.Contains(r.o.Plan.aborted, info.name)
	switch r.phase {
	case Forward, Completing:
		return !other
	case Settling, Compensating:
		return other || info.kind == Compensatable
	case Committed, Aborted:
	}
	return false
}

func (r *run) over() bool { return r.phase == Committed || r.phase == Aborted }

func (r *run) stepView(s *stepRun) StepView {
	v := StepView{Name: s.name, State: s.state, Attempts: s.attempts, Exposure: r.exposure(s)}
	if !s.start.IsZero() {
		v.StartedAt = &s.start
	}
	if !s.end.IsZero() {
		v.EndedAt = &s.end
	}
	if s.failure != nil && s.failure.code != canceled {
		v.Error = s.failure.code
	}
	return v
}

// exposure names the step's effect that stands right now, and how much that is.
func (r *run) exposure(s *stepRun) string {
	owed := s.exposure()
	if owed == "" || r.o.Amount == nil {
		return owed
	}
	if amount := r.o.Amount(s.name); amount != "" {
		return owed + ": " + amount
	}
	return owed
}

// exposure names the step's effect that stands right now, as far as this run knows:
// a step whose outcome is unknown may have it, so it counts.
func (s *stepRun) exposure() string {
	switch s.state {
	case Done, Running, Undoing, Flagged:
		return s.owes
	case Waiting:
		if s.ended { // without an answer
			return s.owes
		}
	case Refused, Undone, Waived:
	}
	return ""
}
