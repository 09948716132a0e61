package payment

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Codes of this service. They are recorded: only ever append.
const (
	// CardDeclined says that the card's issuer said no.
	CardDeclined fault.Code = "CARD_DECLINED"
	// InsufficientFunds says that the card has too little.
	InsufficientFunds fault.Code = "INSUFFICIENT_FUNDS"
	// ExpiredCard says that the card is out of date.
	ExpiredCard fault.Code = "EXPIRED_CARD"
	// CaptureDeclined says that held money could not be taken.
	CaptureDeclined fault.Code = "CAPTURE_DECLINED"
	// AuthExpired says that the money was no longer held when it was to be taken.
	AuthExpired fault.Code = "AUTH_EXPIRED"
	// RefundExceedsCapture says that more was to be paid back than was taken.
	RefundExceedsCapture fault.Code = "REFUND_EXCEEDS_CAPTURE"
	// NothingAuthorized says that a saga captures without having authorized.
	NothingAuthorized fault.Code = "NOTHING_AUTHORIZED"
	// NothingCaptured says that a saga refunds without having captured.
	NothingCaptured fault.Code = "NOTHING_CAPTURED"
	// CaptureExceedsAuthorization says that more was to be taken than is held.
	CaptureExceedsAuthorization fault.Code = "CAPTURE_EXCEEDS_AUTHORIZATION"
	// ProviderTimeout says that a call to the provider may have taken effect.
	ProviderTimeout fault.Code = "PROVIDER_TIMEOUT"
	// ProviderUnavailable says that the provider did nothing, and may later.
	ProviderUnavailable fault.Code = "PROVIDER_UNAVAILABLE"
	// Unbalanced says that a posting set does not sum to zero.
	Unbalanced fault.Code = "LEDGER_UNBALANCED"
)

// AuthorizeRequest asks to hold an amount. Its fingerprint is the amount and a
// hash of the token.
type AuthorizeRequest struct {
	Amount money.Amount `json:"amount"`
	Token  string       `json:"token"`
}

// String leaves the token out, so that no log line leaks it.
func (r AuthorizeRequest) String() string { return "authorize " + r.Amount.String() }

// Hold returns what may be kept of r.
func (r AuthorizeRequest) Hold() Hold {
	sum := sha256.Sum256([]byte(r.Token))
	return Hold{Amount: r.Amount, TokenHash: hex.EncodeToString(sum[:])}
}

// Hold is an [AuthorizeRequest] without its secret.
type Hold struct {
	Amount    money.Amount `json:"amount"`
	TokenHash string       `json:"token_hash"` // SHA-256, hex
}

// Authorization is money held at the provider.
type Authorization struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	Amount            money.Amount `json:"amount"`
}

// CaptureRequest asks to take what the saga's authorization holds, or a part of
// it; the rest is let go.
type CaptureRequest struct {
	Amount money.Amount `json:"amount"`
}

// Capture is money taken.
type Capture struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	InvoiceNumber     string       `json:"invoice_number"`
	Amount            money.Amount `json:"amount"`
}

// RefundRequest asks to pay back a part or all of what the saga captured.
type RefundRequest struct {
	Amount money.Amount `json:"amount"`
}

// Refund is money paid back.
type Refund struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	Amount            money.Amount `json:"amount"`
}
