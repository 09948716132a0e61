package order

import (
	"cmp"
	"time"

	"github.com/amends/amends/fault"
)

// Decision is why an order's saga was aborted.
type Decision struct {
	Reason Reason    `json:"reason"`
	At     time.Time `json:"at,omitzero"` // by the engine's clock; zero: the time of the call
}

// Against returns the first reason for which the order was aborted; empty: it was
// not.
func (r Record) Against() Reason { return cmp.Or(r.Reason, r.Decided) }

// Decide records why a PENDING order is aborted, before any of its steps is undone,
// and reports whether it changed r. The status stays; [Record.Cancel] ends the order
// for that reason. A later decision changes nothing. Decide fails, without a change,
// with ILLEGAL_TRANSITION for a CONFIRMED order, and with INVALID for a reason that is
// not in the list; both are bugs.
func (r *Record) Decide(d Decision, now time.Time) (changed bool, err error) {
	switch {
	case r.Status == Cancelled || r.Status == Pending && r.Decided != "":
		return false, nil
	case r.Status != Pending:
		return false, fault.Errorf(fault.Bug, IllegalTransition, "a %s order cannot be decided against", r.Status)
	}
	if _, err := ParseReason(string(d.Reason)); err != nil {
		return false, fault.Errorf(fault.Bug, fault.Invalid, "decide: %w", err)
	}
	r.Decided, r.DecidedAt = d.Reason, now
	return true, nil
}
