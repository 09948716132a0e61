package order

import (
	"slices"
	"time"

	"github.com/amends/amends/saga/ledger"
)

// Note has the flags and the waivers of an order's saga at one moment.
type Note struct {
	At        time.Time          `json:"at"` // of the moment; an older note changes nothing
	Attention []ledger.Attention `json:"attention"`
	Waivers   []ledger.Waiver    `json:"waivers"`
}

// NeedsAttention reports whether an operator must review the order.
func (r Record) NeedsAttention() bool { return len(r.Attention) > 0 }

// Note takes over n, at any status, and reports whether it changed r. The flags of n
// replace those of r, except acknowledged ones and those of refunds; its waivers are added. A waiver is
// never taken back, and the first one of a step stays. A note that is not younger
// than the last one changes nothing: it is a repeat, or came late.
func (r *Record) Note(n Note) (changed bool) {
	at := n.At.UTC().Truncate(time.Microsecond) // the precision of the databases
	if !at.After(r.NotedAt) {
		return false
	}
	r.NotedAt = at
	var all []ledger.Attention
	for _, flag := range n.Attention {
		if !r.acknowledged(flag) {
			all = append(all, flag)
		}
	}
	for _, flag := range r.Attention {
		if flag.Saga != "" {
			all = append(all, flag)
		}
	}
	r.Attention = all
	for _, w := range n.Waivers {
		if !slices.ContainsFunc(r.Waivers, func(have ledger.Waiver) bool { return have.Step == w.Step }) {
			r.Waivers = append(r.Waivers, w)
		}
	}
	return true
}

// KeepRepair keeps an operator's repair of the whole saga, at any status and of any style,
// before it is made: the engine forgets who has set a saga going again, the record does not.
// It reports whether it changed r: a repeated request changes nothing. It fails, without a
// change, with REASON_MISSING or INVALID for texts that cannot be kept.
func (r *Record) KeepRepair(q ledger.Repair, now time.Time) (changed bool, err error) {
	if err := CheckWords(q.Reason, q.Operator, q.Reference); err != nil {
		return false, err
	}
	if slices.ContainsFunc(r.Repairs, func(b ledger.Repair) bool { return q.Request != "" && b.Request == q.Request }) {
		return false, nil
	}
	q.At = now
	r.Repairs = append(slices.Clip(r.Repairs), q)
	return true, nil
}
