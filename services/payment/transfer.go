package payment

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
)

// TransferKind is the direction of a transfer.
type TransferKind string

// The kinds of transfers.
const (
	TransferCapture TransferKind = "capture" // from the customer
	TransferRefund  TransferKind = "refund"  // to the customer
)

// TransferState is the state of a transfer.
type TransferState string

// The states: intent → done | declined | blocked. A blocked one never happened
// and never will.
const (
	TransferIntent   TransferState = "intent"
	TransferDone     TransferState = "done"
	TransferDeclined TransferState = "declined"
	TransferBlocked  TransferState = "blocked"
)

// Transfer is one capture or refund of a payment.
type Transfer struct {
	Key               key.Key // its String is the provider's key
	PaymentID         string
	Kind              TransferKind
	State             TransferState
	Amount            money.Amount
	Target            string     // provider's key of the authorization captured or the capture refunded
	InvoiceNumber     string     // of a capture; taken at intent, so that a declined one leaves an explained gap
	ProviderReference string     // once done
	DeclineCode       fault.Code // why, if State is TransferDeclined
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Finish records that the provider moved the money.
func (t *Transfer) Finish(reference string, now time.Time) error {
	if err := t.leaveIntent(TransferDone, now); err != nil {
		return err
	}
	t.ProviderReference = reference
	return nil
}

// Decline records that the provider, or one of our rules, refused.
func (t *Transfer) Decline(code fault.Code, now time.Time) error {
	if err := t.leaveIntent(TransferDeclined, now); err != nil {
		return err
	}
	t.DeclineCode = code
	return nil
}

// Block records that the transfer never happened and never will.
func (t *Transfer) Block(now time.Time) error { return t.leaveIntent(TransferBlocked, now) }

func (t *Transfer) leaveIntent(to TransferState, now time.Time) error {
	if t.State != TransferIntent {
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
