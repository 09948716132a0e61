// Package transfer has the captures and refunds of payments with their states, and the
// invoices that captures pay.
package transfer

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
)

// Kind is the direction of a transfer.
type Kind string

// The kinds of transfers.
const (
	Capture Kind = "capture" // from the customer
	Refund  Kind = "refund"  // to the customer
)

// State is the state of a transfer.
type State string

// The states: intent → done | declined | blocked. A blocked one never happened
// and never will.
const (
	Intent   State = "intent"
	Done     State = "done"
	Declined State = "declined"
	Blocked  State = "blocked"
)

// Transfer is one capture or refund of a payment.
type Transfer struct {
	Key               key.Key // its String is the provider's key
	PaymentID         string
	Kind              Kind
	State             State
	Amount            money.Amount
	Target            string     // provider's key of the authorization captured or the capture refunded
	InvoiceNumber     string     // of a capture; taken at intent, so that a declined one leaves an explained gap
	ProviderReference string     // once done
	DeclineCode       fault.Code // why, if State is Declined
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Finish records that the provider moved the money.
func (t *Transfer) Finish(reference string, now time.Time) error {
	if err := t.leaveIntent(Done, now); err != nil {
		return err
	}
	t.ProviderReference = reference
	return nil
}

// Decline records that the provider, or one of our rules, refused.
func (t *Transfer) Decline(code fault.Code, now time.Time) error {
	if err := t.leaveIntent(Declined, now); err != nil {
		return err
	}
	t.DeclineCode = code
	return nil
}

// Block records that the transfer never happened and never will.
func (t *Transfer) Block(now time.Time) error { return t.leaveIntent(Blocked, now) }

func (t *Transfer) leaveIntent(to State, now time.Time) error {
	if t.State != Intent {
		return fault.Errorf(fault.Bug, fault.Conflict, "a %s that is %s cannot become %s", t.Kind, t.State, to)
	}
	t.State, t.UpdatedAt = to, now
	return nil
}

// Invoice is a paid invoice, written once, with the capture that paid it.
type Invoice struct {
	Number    string // unique, ascending in the order in which captures were begun
	PaymentID string
	Amount    money.Amount
	CreatedAt time.Time
}
