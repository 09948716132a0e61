package order

import (
	"slices"
	"time"

	"github.com/amends/amends/saga/ledger"
)

// Note is what an order's saga has to say about itself at one moment.
type Note struct {
	At        time.Time          `json:"at"` // when it was so; an older note changes nothing
	Attention []ledger.Attention `json:"attention"`
	Waivers   []ledger.Waiver    `json:"waivers"`
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
		if !slices.ContainsFunc(r.Waivers, func(have ledger.Waiver) bool { return have.Step == w.Step }) {
			r.Waivers = append(r.Waivers, w)
		}
	}
	return true
}
