package payment

import (
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment/posting"
)

// State is the state of a payment.
type State string

// The states: intent → authorized | declined | voided, authorized → captured |
// voided, captured → refunded once all of it is paid back.
const (
	Intent     State = "intent"
	Authorized State = "authorized"
	Declined   State = "declined"
	Voided     State = "voided"
	Captured   State = "captured"
	Refunded   State = "refunded"
)

// Payment is one authorization of one saga and its further course. Its methods are
// the only legal moves; each returns the posting set that records it. An illegal move
// is a bug with code CONFLICT and changes nothing.
type Payment struct {
	ID                string  // UUIDv7
	Key               key.Key // of the authorization; its String is the provider's key
	State             State
	Amount            money.Amount // authorized, or to be
	TokenHash         string       // SHA-256, hex
	ProviderReference string       // of the authorization, once there is one
	DeclineCode       fault.Code   // why, if State is Declined
	Captured          int64        // minor units taken
	Refunding         int64        // minor units of pending refunds
	Refunded          int64        // minor units paid back
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// NewPayment returns a payment at intent.
func NewPayment(id string, k key.Key, h Hold, now time.Time) Payment {
	return Payment{ID: id, Key: k, State: Intent, Amount: h.Amount, TokenHash: h.TokenHash, CreatedAt: now, UpdatedAt: now}
}

// Authorize records that the provider holds the money.
func (p *Payment) Authorize(reference string, now time.Time) (posting.Set, error) {
	if err := p.expect("authorized", Intent); err != nil {
		return posting.Set{}, err
	}
	p.State, p.ProviderReference, p.UpdatedAt = Authorized, reference, now
	return p.post(posting.Hold, now, posting.Move(p.Amount, posting.FundsHeldContra, posting.FundsHeld)), nil
}

// Decline records that the provider refused to hold the money.
func (p *Payment) Decline(code fault.Code, now time.Time) error {
	if err := p.expect("declined", Intent); err != nil {
		return err
	}
	p.State, p.DeclineCode, p.UpdatedAt = Declined, code, now
	return nil
}

// Void records that the provider holds no money any more. For a payment still at
// intent it never held any: the set is zero.
func (p *Payment) Void(now time.Time) (posting.Set, error) {
	if err := p.expect("voided", Intent, Authorized); err != nil {
		return posting.Set{}, err
	}
	held := p.State == Authorized
	p.State, p.UpdatedAt = Voided, now
	if !held {
		return posting.Set{}, nil
	}
	return p.post(posting.Release, now, posting.Move(p.Amount, posting.FundsHeld, posting.FundsHeldContra)), nil
}

// CanCapture returns nil, or why amount cannot be captured: NOTHING_AUTHORIZED or
// CAPTURE_EXCEEDS_AUTHORIZATION, both bugs.
func (p *Payment) CanCapture(amount money.Amount) error {
	switch {
	case p.State != Authorized:
		return fault.Errorf(fault.Bug, NothingAuthorized, "the payment is %s, so there is nothing to capture", p.State)
	case amount.Currency != p.Amount.Currency || amount.Minor > p.Amount.Minor || amount.Minor <= 0:
		return fault.Errorf(fault.Bug, CaptureExceedsAuthorization, "cannot capture %s of %s", amount, p.Amount)
	}
	return nil
}

// Capture records that amount was captured and the rest of the hold released.
func (p *Payment) Capture(amount money.Amount, now time.Time) (posting.Set, error) {
	if err := p.CanCapture(amount); err != nil {
		return posting.Set{}, err
	}
	p.State, p.Captured, p.UpdatedAt = Captured, amount.Minor, now
	lines := append(posting.Move(p.Amount, posting.FundsHeld, posting.FundsHeldContra), posting.Move(amount, posting.Revenue, posting.ProviderReceivable)...)
	return p.post(posting.Capture, now, lines), nil
}

// StartRefund sets amount aside, so that pending refunds together cannot exceed the
// capture. It refuses with REFUND_EXCEEDS_CAPTURE.
func (p *Payment) StartRefund(amount money.Amount, now time.Time) error {
	if p.State != Captured && p.State != Refunded {
		return fault.Errorf(fault.Bug, NothingCaptured, "the payment is %s, so there is nothing to refund", p.State)
	}
	left := p.Captured - p.Refunded - p.Refunding
	if amount.Currency != p.Amount.Currency || amount.Minor <= 0 || amount.Minor > left {
		return fault.Errorf(fault.Business, RefundExceedsCapture, "cannot refund %s: %d is left", amount, left)
	}
	p.Refunding, p.UpdatedAt = p.Refunding+amount.Minor, now
	return nil
}

// Refund records that an amount set aside by StartRefund was paid back.
func (p *Payment) Refund(amount money.Amount, now time.Time) (posting.Set, error) {
	if err := p.DropRefund(amount, now); err != nil {
		return posting.Set{}, err
	}
	p.Refunded += amount.Minor
	if p.Refunded == p.Captured {
		p.State = Refunded
	}
	return p.post(posting.Refund, now, posting.Move(amount, posting.ProviderReceivable, posting.Refunds)), nil
}

// DropRefund reverts a StartRefund that the provider declined.
func (p *Payment) DropRefund(amount money.Amount, now time.Time) error {
	if err := p.expect("refunded", Captured); err != nil {
		return err
	}
	if amount.Currency != p.Amount.Currency || amount.Minor <= 0 || amount.Minor > p.Refunding {
		return fault.Errorf(fault.Bug, fault.Conflict, "no refund of %s is on its way", amount)
	}
	p.Refunding, p.UpdatedAt = p.Refunding-amount.Minor, now
	return nil
}

func (p *Payment) expect(move string, states ...State) error {
	if slices.Contains(states, p.State) {
		return nil
	}
	return fault.Errorf(fault.Bug, fault.Conflict, "a payment that is %s cannot be %s", p.State, move)
}

func (p *Payment) post(kind posting.Kind, now time.Time, lines []posting.Line) posting.Set {
	return posting.Set{PaymentID: p.ID, Kind: kind, Lines: lines, CreatedAt: now}
}
