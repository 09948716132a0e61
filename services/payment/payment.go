package payment

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Codes of this service. They are recorded: only ever append.
const (
	// CardDeclined: the card's issuer declined.
	CardDeclined fault.Code = "CARD_DECLINED"
	// InsufficientFunds: the card's balance is too low.
	InsufficientFunds fault.Code = "INSUFFICIENT_FUNDS"
	// ExpiredCard: the card is out of date.
	ExpiredCard fault.Code = "EXPIRED_CARD"
	// CaptureDeclined: held money could not be captured.
	CaptureDeclined fault.Code = "CAPTURE_DECLINED"
	// AuthExpired: the authorization expired before the capture.
	AuthExpired fault.Code = "AUTH_EXPIRED"
	// RefundExceedsCapture: the refund is larger than the rest of the capture.
	RefundExceedsCapture fault.Code = "REFUND_EXCEEDS_CAPTURE"
	// NothingAuthorized: the saga captures without an authorization.
	NothingAuthorized fault.Code = "NOTHING_AUTHORIZED"
	// NothingCaptured: the saga refunds without a capture.
	NothingCaptured fault.Code = "NOTHING_CAPTURED"
	// CaptureExceedsAuthorization: the capture is larger than the authorization.
	CaptureExceedsAuthorization fault.Code = "CAPTURE_EXCEEDS_AUTHORIZATION"
	// ProviderTimeout: a call to the provider may have taken effect.
	ProviderTimeout fault.Code = "PROVIDER_TIMEOUT"
	// ProviderUnavailable: the provider did nothing; it may later.
	ProviderUnavailable fault.Code = "PROVIDER_UNAVAILABLE"
	// Unbalanced: a posting set does not sum to zero.
	Unbalanced fault.Code = "LEDGER_UNBALANCED"
)

// AuthorizeRequest asks to hold an amount. Its fingerprint is the amount and a
// hash of the token.
type AuthorizeRequest struct {
	Amount money.Amount `json:"amount"`
	Token  string       `json:"token"`
}

// String omits the token, so that no log line leaks it.
func (r AuthorizeRequest) String() string { return "authorize " + r.Amount.String() }

// Hold returns the part of r that may be stored.
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

// CaptureRequest asks to capture the saga's authorization, or a part of it; the rest
// is released.
type CaptureRequest struct {
	Amount money.Amount `json:"amount"`
}

// Capture is captured money.
type Capture struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	InvoiceNumber     string       `json:"invoice_number"`
	Amount            money.Amount `json:"amount"`
}

// RefundRequest asks to pay back all or a part of the saga's capture.
type RefundRequest struct {
	Amount money.Amount `json:"amount"`
}

// Refund is money paid back.
type Refund struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	Amount            money.Amount `json:"amount"`
}
