package payment

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Ticket is a [ledger.Ticket] for a call that acts on an earlier effect.
type Ticket[Out any] struct {
	ledger.Ticket[Out]

	// Target is the provider's key of the effect to capture or refund. It is empty
	// if the step is done.
	Target string
}

// Store records the intents and outcomes of [Outside]. Every method is one
// transaction and makes no remote call. Except for those that undo and block, each
// fails with SUSPENDED if the key was undone or blocked meanwhile. A repeat changes
// nothing.
type Store interface {
	// IntendAuthorize opens a payment. It returns the recorded refusal if there is
	// one. Without a token's hash it only returns the record, and fails with CONFLICT (a
	// bug) if there is none. REQUEST_MISMATCH (a bug): k names another request. CONFLICT (a bug): the
	// saga has another payment that is intended, authorized or captured.
	IntendAuthorize(ctx context.Context, k key.Key, h Hold) (ledger.Ticket[Authorization], error)
	// ConcludeAuthorize records that the provider holds the money.
	ConcludeAuthorize(ctx context.Context, k key.Key, reference string) (Authorization, error)
	// RefuseAuthorize records that the provider declined.
	RefuseAuthorize(ctx context.Context, k key.Key, refusal *fault.Error) error
	// BeginVoid returns the state of the authorization. Without one it blocks k.
	BeginVoid(ctx context.Context, k key.Key) (ledger.State, error)
	// EndVoid records that the authorization is voided.
	EndVoid(ctx context.Context, k key.Key) error
	// BlockAuthorize records that an intended authorization never happened and never
	// will. It fails as transient if it has happened meanwhile.
	BlockAuthorize(ctx context.Context, k key.Key) error

	// IntendCapture begins to take the saga's money and assigns the invoice
	// number. It fails as IntendAuthorize and as [Payment.CanCapture].
	IntendCapture(ctx context.Context, k key.Key, req CaptureRequest) (Ticket[Capture], error)
	// ConcludeCapture records that the money was taken and writes the invoice.
	ConcludeCapture(ctx context.Context, k key.Key, reference string) (Capture, error)
	// CaptureNothing records a capture of nothing as done, without a transfer, postings or
	// an invoice. REQUEST_MISMATCH (a bug): k names another request. CONFLICT (a bug): the
	// saga has a payment that is intended, authorized or captured.
	CaptureNothing(ctx context.Context, k key.Key, req CaptureRequest) (Capture, error)
	// RefuseCapture records that the provider declined.
	RefuseCapture(ctx context.Context, k key.Key, refusal *fault.Error) error
	// BeginSettle returns the state of the capture and, if it is done, its outcome.
	// Without one it blocks k.
	BeginSettle(ctx context.Context, k key.Key) (ledger.State, Capture, error)
	// BlockCapture is to captures what BlockAuthorize is to authorizations.
	BlockCapture(ctx context.Context, k key.Key) error

	// IntendRefund sets the amount aside. It fails as IntendAuthorize and as
	// [Payment.StartRefund], whose refusal it records.
	IntendRefund(ctx context.Context, k key.Key, req RefundRequest) (Ticket[Refund], error)
	// ConcludeRefund records that the money was paid back.
	ConcludeRefund(ctx context.Context, k key.Key, reference string) (Refund, error)
	// RefuseRefund records that the provider declined.
	RefuseRefund(ctx context.Context, k key.Key, refusal *fault.Error) error

	// Get is [Direct.Get].
	Get(ctx context.Context, saga string) (Summary, error)
}
