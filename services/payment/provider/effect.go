package provider

import "github.com/amends/amends/internal/money"

// Kind is the kind of an effect.
type Kind string

// The kinds of effects.
const (
	KindAuthorization Kind = "authorization"
	KindCapture       Kind = "capture"
	KindRefund        Kind = "refund"
)

// State is the state of an effect.
type State string

// The states. An authorization goes authorized → captured | voided | expired; a
// capture is captured and a refund refunded from the start; every kind may be
// declined instead, which is final.
const (
	Authorized State = "authorized"
	Captured   State = "captured"
	Voided     State = "voided"
	Expired    State = "expired"
	Refunded   State = "refunded"
	Declined   State = "declined"
)

// Reason is why the provider declined.
type Reason string

// The reasons. An adapter maps an unknown reason to [CardDeclined] for an
// authorization, to [CaptureDeclined] for a capture and to [RefundDeclined] for a refund.
const (
	CardDeclined         Reason = "card_declined"
	InsufficientFunds    Reason = "insufficient_funds"
	ExpiredCard          Reason = "expired_card"
	CaptureDeclined      Reason = "capture_declined"
	AuthorizationExpired Reason = "authorization_expired"
	RefundExceedsCapture Reason = "refund_exceeds_capture"
	RefundDeclined       Reason = "refund_declined"
	TokenInvalid         Reason = "token_invalid" // the provider did not issue it
)

// Effect is the provider's record of one key.
type Effect struct {
	Key       string
	Kind      Kind
	State     State
	Amount    money.Amount
	Reference string // the provider's own id of the effect, unique
	Target    string // key of the authorization captured or the capture refunded
	Reason    Reason // why, if State is Declined
}
