package order

import (
	"slices"
	"time"
)

// Attention says that a step of an order's saga makes no progress, or that a
// person must look at it.
type Attention struct {
	Step  string    `json:"step"`
	Code  string    `json:"code"` // how the last attempt failed
	Kind  string    `json:"kind"` // "unknown": nobody knows yet whether the call took effect
	Owed  string    `json:"owed"` // in words; empty: nothing
	Since time.Time `json:"since"`
	// Lasting: it does not heal, and stays when the order is decided.
	Lasting bool `json:"lasting,omitempty"`
}

// Waiver says that somebody gave up on undoing a step: its effect may stand
// although the order is cancelled.
type Waiver struct {
	Step      string    `json:"step"`
	Code      string    `json:"code"` // how the last attempt to undo it failed
	Owed      string    `json:"owed"`
	Reason    string    `json:"reason"`
	Operator  string    `json:"operator"`
	Reference string    `json:"reference,omitempty"`
	At        time.Time `json:"at"`
}

// Note is what an order's saga has to say about itself at one moment.
type Note struct {
	At        time.Time   `json:"at"` // when it was so; an older note changes nothing
	Attention []Attention `json:"attention"`
	Waivers   []Waiver    `json:"waivers"`
}

// NeedsAttention says whether a person must look at the order.
func (r Record) NeedsAttention() bool { return len(r.Attention) > 0 }

// Note takes over what n says, at any status, and says whether it changed r: the
// attention as it is, but for flags that somebody has acknowledged, and the waivers
// that r does not have yet. A waiver is never taken back, and the first one of a
// step stays. A note that is not younger than the last one changes nothing: it is a
// repeat, or came late.
func (r *Record) Note(n Note) (changed bool) {
	at := n.At.UTC().Truncate(time.Microsecond) // what a database keeps of it
	if !at.After(r.NotedAt) {
		return false
	}
	r.NotedAt, r.Attention = at, nil
	for _, flag := range n.Attention {
		if !r.acknowledged(flag) {
			r.Attention = append(r.Attention, flag)
		}
	}
	for _, w := range n.Waivers {
		if !slices.ContainsFunc(r.Waivers, func(have Waiver) bool { return have.Step == w.Step }) {
			r.Waivers = append(r.Waivers, w)
		}
	}
	return true
}
