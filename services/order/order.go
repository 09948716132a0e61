package order

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
)

// IllegalTransition is the code of a state change that the status machine does
// not have: confirming a cancelled order, or the reverse.
const IllegalTransition fault.Code = "ILLEGAL_TRANSITION"

// Status is where an order stands.
type Status string

// The statuses. PENDING → CONFIRMED | CANCELLED, and no way back.
const (
	Pending   Status = "PENDING"
	Confirmed Status = "CONFIRMED"
	Cancelled Status = "CANCELLED"
)

// ParseStatus returns s as a [Status], or a fault with code INVALID.
func ParseStatus(s string) (Status, error) {
	switch status := Status(s); status {
	case Pending, Confirmed, Cancelled:
		return status, nil
	}
	return "", invalid("%.32q is not a status of an order", s)
}

// Reason says why an order was cancelled. The list is closed.
type Reason string

// The reasons.
const (
	UnknownSKU       Reason = "UNKNOWN_SKU" // no such product, or it is not active
	CurrencyMismatch Reason = "CURRENCY_MISMATCH"
	OutOfStock       Reason = "OUT_OF_STOCK"
	PaymentDeclined  Reason = "PAYMENT_DECLINED"
	Undeliverable    Reason = "UNDELIVERABLE"
	CustomerRequest  Reason = "CUSTOMER_REQUEST"
	Deadline         Reason = "DEADLINE"
	Internal         Reason = "INTERNAL" // a bug; the order is also flagged
)

// ParseReason returns s as a [Reason], or a fault with code INVALID. The empty
// reason of an order that is not cancelled is none.
func ParseReason(s string) (Reason, error) {
	switch reason := Reason(s); reason {
	case UnknownSKU, CurrencyMismatch, OutOfStock, PaymentDeclined, Undeliverable, CustomerRequest, Deadline, Internal:
		return reason, nil
	}
	return "", invalid("%.32q is not a reason of a cancelled order", s)
}

// Total is the price of a whole order.
type Total = money.Amount

// Record is an order as its database has it.
type Record struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
	Reason Reason `json:"reason,omitempty"` // why it was cancelled, else empty
	// Decided is the reason for which it was first decided against, from before
	// anything was undone, see [Record.Decide]; else empty.
	Decided   Reason    `json:"decided,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"` // UTC
	Placement Placement `json:"placement"`
	Total     *Total    `json:"total,omitempty"` // nil while PENDING, and if it never was quoted
	// View is the saga's final view as the closing step stored it; nil while PENDING.
	View json.RawMessage `json:"view,omitempty"`
	// Attention is what needs a person right now, and Waivers what one gave up on.
	Attention []ledger.Attention `json:"attention,omitempty"`
	Waivers   []ledger.Waiver    `json:"waivers,omitempty"`
	NotedAt   time.Time          `json:"noted_at,omitzero"` // UTC, as of which the two say so
	CreatedAt time.Time          `json:"created_at"`        // UTC
	UpdatedAt time.Time          `json:"updated_at"`        // UTC
	// Acknowledgements say what people have looked at, the oldest first.
	Acknowledgements []ledger.Acknowledgement `json:"acknowledgements,omitempty"`
}

// Change is one entry of an order's history.
type Change struct {
	From   Status    `json:"from"`
	To     Status    `json:"to"`
	Reason Reason    `json:"reason,omitempty"` // why it was cancelled, else empty
	At     time.Time `json:"at"`               // UTC
}

// Confirm makes a PENDING order CONFIRMED and says whether it changed r; a
// CONFIRMED one takes nothing from c but its note. It fails, without a change,
// with ILLEGAL_TRANSITION for an order that is CANCELLED or was decided against,
// and with INVALID for a closing with a reason, or without the total in the
// currency that was asked for: all are bugs, because nobody can decide otherwise
// after the money was taken.
func (r *Record) Confirm(c Closing, now time.Time) (changed bool, err error) {
	switch {
	case r.Status == Confirmed:
		return r.Note(c.Note), nil
	case r.Status != Pending:
		return false, illegal(r.Status, Confirmed)
	case r.Decided != "":
		return false, fault.Errorf(fault.Bug, IllegalTransition, "an order that was decided against cannot become %s", Confirmed)
	case c.Reason != "":
		return false, fault.Errorf(fault.Bug, fault.Invalid, "a confirmed order has no reason")
	case c.Total == nil || c.Total.Currency != r.Placement.Currency:
		return false, fault.Errorf(fault.Bug, fault.Invalid, "a confirmed order has a total in its currency")
	}
	return r.end(Confirmed, c, now)
}

// Cancel makes a PENDING order CANCELLED and says whether it changed r: for the
// reason that it was decided against for, or for c's if none is recorded. A
// CANCELLED one keeps the reason it has, and takes nothing from c but its note. It
// fails, without a change, with ILLEGAL_TRANSITION for a CONFIRMED order, and with
// INVALID for a closing whose reason is not in the list: both are bugs.
func (r *Record) Cancel(c Closing, now time.Time) (changed bool, err error) {
	switch {
	case r.Status == Cancelled:
		return r.Note(c.Note), nil
	case r.Status != Pending:
		return false, illegal(r.Status, Cancelled)
	}
	if _, err := ParseReason(string(c.Reason)); err != nil {
		return false, fault.Errorf(fault.Bug, fault.Invalid, "cancel: %w", err)
	}
	c.Reason = cmp.Or(r.Decided, c.Reason)
	return r.end(Cancelled, c, now)
}

func (r *Record) end(to Status, c Closing, now time.Time) (changed bool, err error) {
	if len(c.View) > 0 && !json.Valid(c.View) { // the record could never be shown again
		return false, fault.Errorf(fault.Bug, fault.Invalid, "the final view is not JSON")
	}
	r.Status, r.Reason, r.Total, r.View, r.UpdatedAt = to, c.Reason, c.Total, c.View, now
	if n := c.Note; !n.At.IsZero() {
		// The last word, also if it is of a clock that goes behind the last run's.
		if !n.At.After(r.NotedAt) {
			n.At = r.NotedAt.Add(time.Microsecond)
		}
		r.Note(n)
	}
	return true, nil
}

func illegal(from, to Status) error {
	return fault.Errorf(fault.Bug, IllegalTransition, "a %s order cannot become %s", from, to)
}
