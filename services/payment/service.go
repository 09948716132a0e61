package payment

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/refund"
)

// Service is the payment service. It owns payments, their double-entry ledger
// and the invoices. Do/undo pair: Authorize/Void. Capture is a pivot: it has no
// undo but SettleCapture, which blocks it or learns that it happened; Refund and
// SettleRefund are the same for the saga that pays back.
//
// Every method that calls the provider may fail with PROVIDER_TIMEOUT (kind unknown:
// the call may have taken effect, the retry asks first) or with PROVIDER_UNAVAILABLE
// (kind transient: it did not). An amount that is not positive, except for a capture of
// nothing, or an empty token, is a bug with code INVALID.
type Service interface {
	Direct

	// Authorize holds an amount at the provider. A repeat returns the recorded
	// authorization; a decline is sticky. It refuses with CARD_DECLINED,
	// INSUFFICIENT_FUNDS, EXPIRED_CARD or TOKEN_INVALID; after Void it answers SUSPENDED. A second
	// payment of the saga, under another key, while the first one is intended,
	// authorized or captured, is a bug with code CONFLICT.
	Authorize(ctx context.Context, k key.Key, req AuthorizeRequest) (Authorization, error)

	// Void cancels the authorization under k. A repeat succeeds, and so does a void
	// after a refusal or without an authorization; the latter forbids the key at the
	// provider, so that a late Authorize fails. A void after the capture is a bug with
	// code CONFLICT.
	Void(ctx context.Context, k key.Key) error

	// Capture captures the authorization of the same saga, posts the money to the
	// ledger and writes the invoice. A repeat returns the recorded capture. It refuses
	// with CAPTURE_DECLINED or AUTH_EXPIRED; once settled as not happened it answers
	// SUSPENDED. A capture without an authorization (NOTHING_AUTHORIZED), or of more
	// than it holds (CAPTURE_EXCEEDS_AUTHORIZATION), is a bug.
	//
	// A capture of nothing is that of an order which costs nothing: it is recorded as
	// done, so that SettleCapture learns of it, without a call to the provider, postings
	// or an invoice. If the saga has a payment it is a bug with code CONFLICT.
	Capture(ctx context.Context, k key.Key, req CaptureRequest) (Capture, error)

	// SettleCapture blocks Capture under k for ever and returns false, or learns that
	// it happened, records it and returns the capture and true. It learns so also of a capture
	// that only the provider knows, after an older copy of the database was restored. If the
	// provider cannot tell, it fails and has decided nothing. A repeat returns the same.
	SettleCapture(ctx context.Context, k key.Key) (Capture, bool, error)

	// Refund pays back all or a part of the saga's capture. A repeat returns the
	// recorded refund. It refuses with REFUND_EXCEEDS_CAPTURE, also if pending refunds
	// together would exceed the capture, and with REFUND_DECLINED; a refund without a
	// capture (NOTHING_CAPTURED) is a bug. Once settled as not happened it answers
	// SUSPENDED.
	Refund(ctx context.Context, k key.Key, req RefundRequest) (Refund, error)

	// SettleRefund is to Refund what SettleCapture is to Capture. A refund that it blocks
	// frees its amount for others.
	SettleRefund(ctx context.Context, k key.Key) (Refund, bool, error)
}

// Direct is the part of the service that is called directly, not as a step of a saga. A
// method may refuse with INVALID a saga of more than 255 characters: there is none.
type Direct interface {
	// Get returns the newest payment of a saga as this service records it, without a call
	// to the provider. It fails with NOT_FOUND if the saga has none, as that of an order
	// which costs nothing.
	Get(ctx context.Context, saga string) (Summary, error)

	// Refunds returns the refunds of a saga that were asked of the provider, the oldest
	// first, none if there are none. A refund that was refused before, because too little
	// is left of the capture, is not among them.
	Refunds(ctx context.Context, saga string) ([]refund.Record, error)
	// Postings returns the ledger's posting sets of all payments of a saga, the oldest first,
	// none if there are none.
	Postings(ctx context.Context, saga string) ([]posting.Set, error)
}

// Summary is a payment as other programs may see it: without the hash of its token.
type Summary struct {
	PaymentID            string
	State                State
	Amount               money.Amount // authorized, or to be
	Captured             int64        // minor units taken
	Refunded             int64        // minor units paid back
	InvoiceNumber        string       // empty before the capture
	InvoicedAt           time.Time    // UTC; when the invoice was written, zero before the capture
	DeclineCode          fault.Code   // why, if State is Declined
	CreatedAt, UpdatedAt time.Time    // UTC
}
