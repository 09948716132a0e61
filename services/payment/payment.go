package payment

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment/refund"
)

// Codes of this service. They are recorded, so they are only ever added.
const (
	// Refusals of the provider.
	CardDeclined         fault.Code = "CARD_DECLINED"
	InsufficientFunds    fault.Code = "INSUFFICIENT_FUNDS"
	ExpiredCard          fault.Code = "EXPIRED_CARD"
	CaptureDeclined      fault.Code = "CAPTURE_DECLINED"
	AuthExpired          fault.Code = "AUTH_EXPIRED" // before the capture
	RefundExceedsCapture fault.Code = "REFUND_EXCEEDS_CAPTURE"
	RefundDeclined       fault.Code = "REFUND_DECLINED"
	TokenInvalid         fault.Code = "TOKEN_INVALID" // the provider did not issue the payment token

	// Bugs of the saga: a capture without an authorization or of more than is held, a refund without a capture.
	NothingAuthorized           fault.Code = "NOTHING_AUTHORIZED"
	NothingCaptured             fault.Code = "NOTHING_CAPTURED"
	CaptureExceedsAuthorization fault.Code = "CAPTURE_EXCEEDS_AUTHORIZATION"

	// ProviderTimeout: the call to the provider may have taken effect.
	ProviderTimeout fault.Code = "PROVIDER_TIMEOUT"
	// ProviderUnavailable: the call to the provider did not take effect; it may later.
	ProviderUnavailable fault.Code = "PROVIDER_UNAVAILABLE"
)

// AuthorizeRequest asks to hold an amount. Its fingerprint is the amount and a
// hash of the token. A repeat needs no token: the record of the first call answers.
type AuthorizeRequest struct {
	Amount money.Amount `json:"amount"`
	Token  string       `json:"token"`
}

// String omits the token, so that no log line leaks it.
func (r AuthorizeRequest) String() string { return "authorize " + r.Amount.String() }

// Hold returns the part of r that may be stored.
func (r AuthorizeRequest) Hold() Hold {
	if r.Token == "" {
		return Hold{Amount: r.Amount}
	}
	sum := sha256.Sum256([]byte(r.Token))
	return Hold{Amount: r.Amount, TokenHash: hex.EncodeToString(sum[:])}
}

// Hold is an [AuthorizeRequest] without its secret.
type Hold struct {
	Amount    money.Amount `json:"amount"`
	TokenHash string       `json:"token_hash"` // SHA-256, hex; empty without a token
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

// RefundRequest asks to pay back a part of the saga's capture, or all.
type RefundRequest struct {
	Amount money.Amount `json:"amount"`
	Note   refund.Note  `json:"note,omitzero"`
}

// Refund is money paid back.
type Refund struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	Amount            money.Amount `json:"amount"`
}
