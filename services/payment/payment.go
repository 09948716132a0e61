package payment

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Codes of this service.
const (
	CardDeclined         fault.Code = "CARD_DECLINED"
	InsufficientFunds    fault.Code = "INSUFFICIENT_FUNDS"
	ExpiredCard          fault.Code = "EXPIRED_CARD"
	CaptureDeclined      fault.Code = "CAPTURE_DECLINED"
	AuthExpired          fault.Code = "AUTH_EXPIRED"
	RefundExceedsCapture fault.Code = "REFUND_EXCEEDS_CAPTURE"
	NothingAuthorized    fault.Code = "NOTHING_AUTHORIZED"
	NothingCaptured      fault.Code = "NOTHING_CAPTURED"
	ProviderTimeout      fault.Code = "PROVIDER_TIMEOUT"
	ProviderUnavailable  fault.Code = "PROVIDER_UNAVAILABLE"
)

// AuthorizeRequest asks to hold an amount. Its fingerprint is the amount and a
// hash of the token.
type AuthorizeRequest struct {
	Amount money.Amount `json:"amount"`
	Token  string       `json:"token"`
}

// Authorization is money held at the provider.
type Authorization struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	Amount            money.Amount `json:"amount"`
}

// CaptureRequest asks to take what the saga's authorization holds.
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

// RefundRequest asks to pay back.
type RefundRequest struct {
	Amount money.Amount `json:"amount"`
}

// Refund is money paid back.
type Refund struct {
	PaymentID         string       `json:"payment_id"`
	ProviderReference string       `json:"provider_reference"`
	Amount            money.Amount `json:"amount"`
}
