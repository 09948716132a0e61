package saga

import (
	"time"

	"github.com/amends/amends/fault"
)

// State is where one step of a saga stands.
type State string

// The states of a step.
//
//	waiting → running → done → undoing → undone
//	                  ↘ refused        ↘ (flagged while it makes no progress)
//	waiting → undoing → undone          a null undo: it never started here
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

// Phase is where the whole saga stands.
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

// View is the progress of a saga. It is answered by the query [QuerySaga].
type View struct {
	ID        string      `json:"id"`
	Phase     Phase       `json:"phase"`
	Reason    fault.Code  `json:"reason,omitempty"` // why it was decided against
	DecideBy  time.Time   `json:"decide_by,omitzero"`
	Steps     []StepView  `json:"steps"` // in start order, then those of the plan that never started
	Attention []Attention `json:"attention"`
}

// StepView is the progress of one step.
type StepView struct {
	Name      string     `json:"name"`
	State     State      `json:"state"`
	Attempts  int        `json:"attempts"` // of the last call that ended
	StartedAt *time.Time `json:"started_at,omitempty"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	Error     fault.Code `json:"error,omitempty"`    // the last one
	Exposure  string     `json:"exposure,omitempty"` // what the step's effect owes right now
}

// Attention says that a step makes no progress and why.
type Attention struct {
	Step  string     `json:"step"`
	Code  fault.Code `json:"code"`
	Since time.Time  `json:"since"`
	Owed  string     `json:"owed"`
}
