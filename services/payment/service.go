package payment

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the payment service. It owns payments, their double-entry ledger
// and the invoices. Do/undo pair: Authorize/Void. Capture is a pivot: it has no
// undo but SettleCapture, which blocks it or learns that it happened.
type Service interface {
	// Authorize holds an amount at the provider. A repeat returns the recorded
	// authorization; a decline is sticky. It refuses with CARD_DECLINED,
	// INSUFFICIENT_FUNDS or EXPIRED_CARD; after Void it answers SUSPENDED; when
	// the provider does not answer the outcome is unknown (PROVIDER_TIMEOUT,
	// kind unknown; PROVIDER_UNAVAILABLE, kind transient) and the retry asks first.
	Authorize(ctx context.Context, k key.Key, req AuthorizeRequest) (Authorization, error)

	// Void takes back the authorization under k. A repeat, a void of what was
	// refused and a void of what never happened succeed; the latter forbids the
	// key at the provider, so that a late Authorize fails.
	Void(ctx context.Context, k key.Key) error

	// Capture takes the money that the saga's Authorize under authorizeKey holds,
	// posts it to the ledger and writes the invoice. A repeat returns the recorded
	// capture. It refuses with CAPTURE_DECLINED or AUTH_EXPIRED.
	Capture(ctx context.Context, k key.Key, req CaptureRequest) (Capture, error)

	// SettleCapture blocks Capture under k for ever and answers false, or learns
	// that it happened, records it and answers its capture and true. When the
	// provider cannot tell it fails with PROVIDER_TIMEOUT or PROVIDER_UNAVAILABLE.
	// A repeat answers the same.
	SettleCapture(ctx context.Context, k key.Key) (Capture, bool, error)

	// Refund pays back part or all of a capture. A repeat returns the recorded
	// refund. It refuses with REFUND_EXCEEDS_CAPTURE.
	Refund(ctx context.Context, k key.Key, req RefundRequest) (Refund, error)
}
