package order

import (
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
)

// RefundStatus is the status of a refund.
type RefundStatus string

// The statuses: PENDING → DONE | REFUSED. Both are final.
const (
	RefundPending RefundStatus = "PENDING"
	RefundDone    RefundStatus = "DONE"
	RefundRefused RefundStatus = "REFUSED"
)

// Refund is a refund of a confirmed order, as its saga has recorded it. The payment
// service has who asked for it, and why.
type Refund struct {
	OrderID string `json:"order_id"`
	RefundOpening
	Number   int          `json:"number"` // the generation in the keys of its saga
	Status   RefundStatus `json:"status"`
	NotedAt  time.Time    `json:"noted_at,omitzero"`  // UTC; the time of its flags and repairs
	ClosedAt time.Time    `json:"closed_at,omitzero"` // UTC; zero while PENDING
}

// RefundOpening is the beginning of a refund.
type RefundOpening struct {
	ID       string       `json:"id"`
	Amount   money.Amount `json:"amount"`
	TakeBack bool         `json:"take_back,omitempty"` // of the order's stock, too
	At       time.Time    `json:"at"`
}

// RefundNote has the flags and the repairs of a refund's saga at one moment.
type RefundNote struct {
	ID        string             `json:"id"` // of the refund
	At        time.Time          `json:"at"` // of the moment; an older note changes nothing
	Attention []ledger.Attention `json:"attention,omitempty"`
	Repairs   []ledger.Repair    `json:"repairs,omitempty"`
}

// RefundClosing is the end of a refund, with its last note.
type RefundClosing struct {
	Status RefundStatus `json:"status"`
	// Opening is that of the refund, and names it: one that is refused may not be open yet.
	Opening RefundOpening `json:"opening"`
	RefundNote
}

// OpenRefund returns a new refund of r. It fails with ILLEGAL_TRANSITION, a bug, for an
// order that is not CONFIRMED: nothing of it was paid.
func (r *Record) OpenRefund(number int, o RefundOpening) (Refund, error) {
	if r.Status != Confirmed {
		return Refund{}, fault.Errorf(fault.Bug, IllegalTransition, "a %s order has nothing to pay back", r.Status)
	}
	o.At = stored(o.At)
	return Refund{OrderID: r.ID, RefundOpening: o, Number: number, Status: RefundPending}, nil
}

// NoteRefund takes over the note of a refund and reports whether it changed r or f, as
// [Record.Note] does. Its flags and repairs replace those of the same refund only.
func (r *Record) NoteRefund(f *Refund, n RefundNote) (changed bool) {
	at := stored(n.At)
	if !at.After(f.NotedAt) {
		return false
	}
	f.NotedAt = at
	r.Attention = slices.DeleteFunc(slices.Clone(r.Attention), func(a ledger.Attention) bool { return a.Saga == f.ID })
	for _, flag := range n.Attention {
		if flag.Saga = f.ID; !r.acknowledged(flag) {
			r.Attention = append(r.Attention, flag)
		}
	}
	r.Repairs = slices.DeleteFunc(slices.Clone(r.Repairs), func(p ledger.Repair) bool { return p.Saga == f.ID })
	for _, p := range n.Repairs {
		p.Saga = f.ID
		r.Repairs = append(r.Repairs, p)
	}
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
		return r.NoteRefund(f, c.RefundNote), nil
	case f.Status != RefundPending:
		return false, fault.Errorf(fault.Bug, IllegalTransition, "a %s refund cannot become %s", f.Status, c.Status)
	}
	f.Status, f.ClosedAt = c.Status, stored(c.At)
	if !f.ClosedAt.After(f.NotedAt) { // the last note counts even if its clock is behind
		c.At = f.NotedAt.Add(time.Microsecond)
	}
	r.NoteRefund(f, c.RefundNote)
	if f.Status == RefundDone {
		r.Refunded, r.made = r.Refunded+f.Amount.Minor, f
	}
	return true, nil
}
