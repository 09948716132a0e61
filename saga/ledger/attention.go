package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/fault"
)

// Attention says that a step makes no progress, or that an operator must review
// it, and why.
type Attention struct {
	Step  string     `json:"step"`
	Code  fault.Code `json:"code"` // of the last attempt's failure
	Kind  fault.Kind `json:"kind"` // [fault.Unknown]: the call may have taken effect
	Since time.Time  `json:"since"`
	Owed  string     `json:"owed"` // the effect that stands meanwhile, in words; empty: none
	// Lasting flags do not recover: they stay until an operator acknowledges them.
	Lasting bool `json:"lasting,omitempty"`
	// Saga is the id of the saga that has raised it, if a record has the flags of several:
	// empty for the record's own, for example the id of a refund.
	Saga string `json:"saga,omitempty"`
}

// Action is the effect of a repair on a flagged step.
type Action string

// The actions.
const (
	// Retry calls the step again at once. It stays flagged until it succeeds.
	Retry Action = "retry"
	// Skip stops trying to undo the step and records a [Waiver].
	Skip Action = "skip"
	// Nudge tells the newest fact of a saga again that no program orders, so that its services
	// go on from there. It is of no step.
	Nudge Action = "nudge"
	// Resume starts a saga in undo mode that was stopped, or that stands still. It is of no
	// step.
	Resume Action = "resume"
	// Rerun has a saga take all of its steps again, from the beginning. It is of no step.
	Rerun Action = "rerun"
)

// Repair is one accepted request for a repair of a flagged step, or of a saga.
type Repair struct {
	Step      string    `json:"step"`
	Action    Action    `json:"action"`
	Reason    string    `json:"reason"`
	Operator  string    `json:"operator"`
	Reference string    `json:"reference,omitempty"`
	At        time.Time `json:"at"`
	Saga      string    `json:"saga,omitempty"` // as of [Attention]
	// Request is the same for every repetition of one request, and only for those; empty: it
	// has none.
	Request string `json:"request,omitempty"`
}

// Waiver says that an operator gave up on undoing a step: its effect may stand
// although the saga was undone.
type Waiver struct {
	Step      string     `json:"step"`
	Code      fault.Code `json:"code"` // of the last undo's failure
	Owed      string     `json:"owed"` // the effect that stands, in words
	Reason    string     `json:"reason"`
	Operator  string     `json:"operator"`
	Reference string     `json:"reference,omitempty"` // of the remedy outside of the saga
	At        time.Time  `json:"at"`
}

// briefly is the length of each text of a brief waiver, in bytes.
const briefly = 120

// Brief returns w with its texts cut, for long lists.
func (w Waiver) Brief() Waiver {
	for _, text := range []*string{&w.Reason, &w.Operator, &w.Reference} {
		if len(*text) > briefly {
			*text = strings.ToValidUTF8((*text)[:briefly], "") + "…" // the cut may be inside a character
		}
	}
	return w
}

// Acknowledgement says that an operator has reviewed lasting flags. It takes their
// place: it is never changed and never removed.
type Acknowledgement struct {
	Flags     []Attention `json:"flags,omitempty"` // as they were; none in a request
	Reason    string      `json:"reason"`
	Operator  string      `json:"operator"`
	Reference string      `json:"reference,omitempty"`
	At        time.Time   `json:"at,omitzero"` // when it was asked for
	// Request is the same for every repetition of one request, and only for those.
	Request string `json:"request,omitempty"`
}

// Covers reports whether a took this very flag down. The same code of the same step
// at another moment is another flag.
func (a Acknowledgement) Covers(flag Attention) bool {
	return slices.ContainsFunc(a.Flags, func(f Attention) bool {
		return f.Step == flag.Step && f.Code == flag.Code && f.Saga == flag.Saga && f.Since.Equal(flag.Since)
	})
}
