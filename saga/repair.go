package saga

import (
	"time"

	"github.com/amends/amends/fault"
)

// UpdateRepair is the update with which a person mends a flagged step. It takes
// a [RepairRequest] and answers a [RepairResult].
const UpdateRepair = "repair"

// Action is what a repair does to a flagged step.
type Action string

// The actions.
const (
	// Retry calls the step again at once. It stays flagged until it succeeds.
	Retry Action = "retry"
	// Skip stops trying to undo the step and records a [Waiver].
	Skip Action = "skip"
)

// Codes that a repair is refused with, beside [UnknownSaga], [AlreadyDecided]
// and [fault.Invalid]. Temporal delivers them as the type of an ApplicationError.
const (
	// UnknownStep says that the saga's plan has no step of that name.
	UnknownStep fault.Code = "UNKNOWN_STEP"
	// NotFlagged says that the step makes progress, or has ended.
	NotFlagged fault.Code = "NOT_FLAGGED"
	// ClosingStep says that a closing step cannot be skipped: the saga is decided.
	ClosingStep fault.Code = "CLOSING_STEP"
	// PivotStep says that a pivot's outcome cannot be waived: nothing is undone on a guess.
	PivotStep fault.Code = "PIVOT_STEP"
	// ReasonMissing says that a repair needs a reason.
	ReasonMissing fault.Code = "REASON_MISSING"
	// OperatorMissing says that a repair needs the name of who asks for it.
	OperatorMissing fault.Code = "OPERATOR_MISSING"
	// ReferenceMissing says that waiving money needs a reference to what was done instead.
	ReferenceMissing fault.Code = "REFERENCE_MISSING"
)

// RepairRequest asks for a repair of one flagged step.
type RepairRequest struct {
	Saga      string `json:"saga"`
	Step      string `json:"step"`
	Action    Action `json:"action"`
	Reason    string `json:"reason"`              // in words, for those who look later
	Operator  string `json:"operator"`            // who asks for it
	Reference string `json:"reference,omitempty"` // of what was done instead; needed to skip a step with Money
}

// RepairResult says what a repair led to.
type RepairResult struct {
	// Step is the step as it stands: after a retry when the new attempt is
	// scheduled, after a skip when the step is waived, or was undone after all.
	Step StepView `json:"step"`
	// Waiver is what a skip has recorded; nil if the step was undone after all.
	Waiver *Waiver `json:"waiver,omitempty"`
}

// Repair is one repair that was asked for, kept in the saga's [View].
type Repair struct {
	Step      string    `json:"step"`
	Action    Action    `json:"action"`
	Reason    string    `json:"reason"`
	Operator  string    `json:"operator"`
	Reference string    `json:"reference,omitempty"`
	At        time.Time `json:"at"`
}

// Waiver says that a step's effect may stand although the saga was undone: who
// gave up on undoing it, when and why, and what was owed then.
type Waiver struct {
	Step      string     `json:"step"`
	Code      fault.Code `json:"code"` // how the last attempt to undo it failed
	Owed      string     `json:"owed"`
	Reason    string     `json:"reason"`
	Operator  string     `json:"operator"`
	Reference string     `json:"reference,omitempty"`
	At        time.Time  `json:"at"`
}
