// Package ledger defines the recorded state of a step ([State], [Ticket]) and the records
// of operators' interventions ([Attention], [Waiver], [Acknowledgement]), shared by
// services, barrier and saga. It links neither a database nor Temporal, so a service's
// contract can use it. The JSON of these types is in databases, histories and query
// answers: fields are only ever added.
package ledger

// State is the state of one step in the ledger. A key without a row has none.
type State string

// The states of a step. Refused, Undone and Blocked are final.
const (
	// Intent means that a call to the external system may have been made.
	Intent State = "intent"
	// Done means that the effect happened; its outcome is recorded.
	Done State = "done"
	// Refused means that the effect was declined for good; its code is recorded.
	Refused State = "refused"
	// Undone means that the effect happened and was taken back.
	Undone State = "undone"
	// Blocked means that the effect did not happen and never will.
	Blocked State = "blocked"
)

// Undoable reports whether an undo in this state has anything to take back, or
// at least has to ask the external system.
func (s State) Undoable() bool { return s == Intent || s == Done }

// Ticket tells a service what to do about a call to an external system: make it,
// ask first whether an earlier attempt made it, or return the recorded outcome.
type Ticket[Out any] struct {
	// Repeat means that an earlier attempt may have made the call: ask by the key
	// before calling again with it.
	Repeat bool
	// Done means that the step has its outcome: make no call.
	Done bool
	// Outcome is valid if Done.
	Outcome Out
}
