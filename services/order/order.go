package order

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order/placement"
)

// Types of the customer's request.
type (
	Placement = placement.Placement
	Style     = placement.Style
	Line      = placement.Line
	Address   = placement.Address
	Contact   = placement.Contact
)

// The styles of a placement.
const (
	Orchestrated  = placement.Orchestrated
	Choreographed = placement.Choreographed
)

// Style returns the style of the order.
func (r Record) Style() Style { return cmp.Or(r.Placement.Style, Orchestrated) }

// IllegalTransition is the code of a change of status that does not exist: confirming
// a cancelled order, or the reverse.
const IllegalTransition fault.Code = "ILLEGAL_TRANSITION"

// Status is the status of an order.
type Status string

// The statuses: PENDING → CONFIRMED | CANCELLED. Both are final.
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

// Reason is why an order was cancelled. The list is closed.
type Reason string

// The reasons.
const (
	UnknownSKU       Reason = "UNKNOWN_SKU" // the product does not exist or is not active
	CurrencyMismatch Reason = "CURRENCY_MISMATCH"
	OutOfStock       Reason = "OUT_OF_STOCK"
	PaymentDeclined  Reason = "PAYMENT_DECLINED"
	Undeliverable    Reason = "UNDELIVERABLE"
	CustomerRequest  Reason = "CUSTOMER_REQUEST"
	Deadline         Reason = "DEADLINE"
	Internal         Reason = "INTERNAL" // a bug; the order is also flagged
)

// ParseReason returns s as a [Reason], or a fault with code INVALID. The empty string
// is not a reason.
func ParseReason(s string) (Reason, error) {
	switch reason := Reason(s); reason {
	case UnknownSKU, CurrencyMismatch, OutOfStock, PaymentDeclined, Undeliverable, CustomerRequest, Deadline, Internal:
		return reason, nil
	}
	return "", invalid("%.32q is not a reason of a cancelled order", s)
}

// Total is the price of a whole order.
type Total = money.Amount

// Legacy is the origin of orders that were imported from another program (see package imported), which took their
// money and stock and told their customers. They are decided and never change; no fact is told
// of them, so nothing reacts to them and no mail is sent.
const Legacy = "legacy"

// Record is an order as it is stored.
type Record struct {
	ID string `json:"id"`
	// Version is 1 for a new order and grows with every change of the record.
	Version int64  `json:"version,omitempty"`
	Origin  string `json:"origin,omitempty"` // [Legacy] if it was imported, else empty
	Status  Status `json:"status"`
	Reason  Reason `json:"reason,omitempty"` // why it was cancelled, else empty
	// Decided is the first reason for which it was aborted, from before any step was
	// undone, see [Record.Decide]; else empty.
	Decided   Reason    `json:"decided,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"` // UTC
	Placement Placement `json:"placement"`
	Total     *Total    `json:"total,omitempty"` // nil while PENDING, and if it never was quoted
	// Refunded is the part of the total that was paid back, in its minor units.
	Refunded int64 `json:"refunded,omitempty"`
	// View is the saga's final view, stored by the closing step; nil while PENDING.
	View json.RawMessage `json:"view,omitempty"`
	// Attention are the flags that need a person now, Waivers the given-up undos.
	Attention []ledger.Attention `json:"attention,omitempty"`
	Waivers   []ledger.Waiver    `json:"waivers,omitempty"`
	NotedAt   time.Time          `json:"noted_at,omitzero"` // UTC; the time of Attention and Waivers
	CreatedAt time.Time          `json:"created_at"`        // UTC
	UpdatedAt time.Time          `json:"updated_at"`        // UTC
	// Acknowledgements are the reviews of flags, oldest first.
	Acknowledgements []ledger.Acknowledgement `json:"acknowledgements,omitempty"`
	// Repairs are those of refunds, of whole sagas, and of a choreographed order; View has
	// those of the steps of the order's own saga.
	Repairs []ledger.Repair `json:"repairs,omitempty"`

	made *Refund // that this change has closed as DONE
	// Course is nil unless the order is choreographed.
	Course *Course `json:"-"`
}

// Change is one entry of an order's history.
type Change struct {
	From   Status    `json:"from"`
	To     Status    `json:"to"`
	Reason Reason    `json:"reason,omitempty"` // why it was cancelled, else empty
	At     time.Time `json:"at"`               // UTC
}

// Confirm makes a PENDING order CONFIRMED and reports whether it changed r; a
// CONFIRMED one takes only the note of c. It fails, without a change, with
// ILLEGAL_TRANSITION for an order that is CANCELLED or aborted, and with INVALID for
// a closing that has a reason or no total in the requested currency. All are bugs,
// because the money has been taken and the order cannot end otherwise.
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

// Cancel makes a PENDING order CANCELLED and reports whether it changed r. The reason
// is the one that Decide recorded, otherwise c's. A CANCELLED order keeps its reason
// and takes only the note of c. Cancel fails, without a change, with
// ILLEGAL_TRANSITION for a CONFIRMED order, and with INVALID for a reason that is not
// in the list; both are bugs.
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
		// The last note counts even if its clock is behind that of the last run.
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

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
