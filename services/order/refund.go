package order

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/order/refund"
	"github.com/amends/amends/services/order/taken"
)

// Types of refunds.
type (
	Refund        = refund.Refund
	RefundStatus  = refund.Status
	RefundOpening = refund.Opening
	RefundNote    = refund.Note
	RefundClosing = refund.Closing
)

// The statuses of a refund.
const (
	RefundPending = refund.Pending
	RefundDone    = refund.Done
	RefundRefused = refund.Refused
)

// PaidElsewhere refuses a refund of an imported order: another program took its money, and
// only that one can pay it back.
const PaidElsewhere fault.Code = "PAID_ELSEWHERE"

// OpenRefund returns a new refund of r. It fails with ILLEGAL_TRANSITION, a bug, for an
// order that is not CONFIRMED: nothing of it was paid. It refuses with PAID_ELSEWHERE an order
// that was imported.
func (r *Record) OpenRefund(number int, o RefundOpening) (Refund, error) {
	if r.Status != Confirmed {
		return Refund{}, fault.Errorf(fault.Bug, IllegalTransition, "a %s order has nothing to pay back", r.Status)
	}
	if r.Origin != "" {
		return Refund{}, fault.Errorf(fault.Business, PaidElsewhere, "the order was imported: its money was taken elsewhere")
	}
	o.At = taken.Time(o.At)
	return Refund{OrderID: r.ID, Opening: o, Number: number, Status: RefundPending}, nil
}

// NoteRefund takes over the note of a refund and reports whether it changed r or f, as
// [Record.Note] does. Its flags and repairs replace those of the same refund only.
func (r *Record) NoteRefund(f *Refund, n RefundNote) (changed bool) {
	at := taken.Time(n.At)
	if !at.After(f.NotedAt) {
		return false
	}
	f.NotedAt = at
	r.Attention, r.Repairs = n.Flags(f.ID, r.Attention, r.acknowledged), n.Repaired(f.ID, r.Repairs)
	return true
}

// CloseRefund ends a PENDING refund, whose amount is then paid back or never will be, and
// reports whether it changed r or f. One that has ended so takes only the note of c. It
// fails, without a change, with ILLEGAL_TRANSITION for one that has ended otherwise, and
// with INVALID for a status that is no end; both are bugs.
func (r *Record) CloseRefund(f *Refund, c RefundClosing) (changed bool, err error) {
	switch {
	case c.Status != RefundDone && c.Status != RefundRefused:
		return false, fault.Errorf(fault.Bug, fault.Invalid, "a refund does not end as %q", c.Status)
	case f.Status == c.Status:
		return r.NoteRefund(f, c.Note), nil
	case f.Status != RefundPending:
		return false, fault.Errorf(fault.Bug, IllegalTransition, "a %s refund cannot become %s", f.Status, c.Status)
	}
	f.Status, f.ClosedAt = c.Status, taken.Time(c.At)
	if !f.ClosedAt.After(f.NotedAt) { // the last note counts even if its clock is behind
		c.At = f.NotedAt.Add(time.Microsecond)
	}
	r.NoteRefund(f, c.Note)
	if f.Status == RefundDone {
		r.Refunded, r.made = r.Refunded+f.Amount.Minor, f
	}
	return true, nil
}
