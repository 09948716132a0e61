package payment

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the payment service. It owns payments, their double-entry ledger
// and the invoices. Do/undo pair: Authorize/Void. Capture is a pivot: it has no
// undo but SettleCapture, which blocks it or learns that it happened.
//
// Every method that has to ask the provider may fail with PROVIDER_TIMEOUT (kind
// unknown: the call may have taken effect, the retry asks first) or with
// PROVIDER_UNAVAILABLE (kind transient: it did not). A request whose amount is
// not positive, or whose token is empty, is a bug with code INVALID.
type Service interface {
	// Authorize holds an amount at the provider. A repeat returns the recorded
	// authorization; a decline is sticky. It refuses with CARD_DECLINED,
	// INSUFFICIENT_FUNDS or EXPIRED_CARD; after Void it answers SUSPENDED. A saga
	// that already has a payment asked for, held or taken, under another key, is a
	// bug with code CONFLICT.
	Authorize(ctx context.Context, k key.Key, req AuthorizeRequest) (Authorization, error)

	// Void takes back the authorization under k. A repeat, a void of what was
	// refused and a void of what never happened succeed; the latter forbids the
	// key at the provider, so that a late Authorize fails. A void of what was
	// captured is a bug with code CONFLICT.
	Void(ctx context.Context, k key.Key) error

	// Capture takes the money that the authorization of the same saga holds,
	// posts it to the ledger and writes the invoice. A repeat returns the recorded
	// capture. It refuses with CAPTURE_DECLINED or AUTH_EXPIRED; once settled as
	// not happened it answers SUSPENDED. To capture without an authorization
	// (NOTHING_AUTHORIZED) or more than it holds (CAPTURE_EXCEEDS_AUTHORIZATION)
	// is a bug.
	Capture(ctx context.Context, k key.Key, req CaptureRequest) (Capture, error)

	// SettleCapture blocks Capture under k for ever and answers false, or learns
	// that it happened, records it and answers its capture and true. When the
	// provider cannot tell it fails and has decided nothing. A repeat answers the
	// same.
	SettleCapture(ctx context.Context, k key.Key) (Capture, bool, error)

	// Refund pays back part or all of the saga's capture. A repeat returns the
	// recorded refund. It refuses with REFUND_EXCEEDS_CAPTURE, also when refunds on
	// their way together would exceed it; to refund what was not captured
	// (NOTHING_CAPTURED) is a bug.
	Refund(ctx context.Context, k key.Key, req RefundRequest) (Refund, error)
}
