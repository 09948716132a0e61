package payment

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment/transfer"
)

// Ticket is a [ledger.Ticket] with the rows of the intent.
type Ticket[Out any] struct {
	ledger.Ticket[Out]
	Intended
}

// Intended are the rows of an effect at intent, as this attempt has written or locked
// them; a row that it has not is zero. Given back to the end of the effect, they need
// not be read again. They may be out of date by then, so each write is conditional on
// the state that its row had, and a row changes only by leaving that state.
type Intended struct {
	Payment Payment // zero for a refund: refunds of one payment change it meanwhile
	// Transfer is the capture or refund. Its Target is the provider's key of the effect
	// to capture or refund, also in the ticket of a repeat.
	Transfer transfer.Transfer
}

// Known are the records of a capture, and of the payment that it takes.
type Known struct {
	Recorded bool          // there is a record of the capture, whatever its state
	Payment  Payment       // zero: there is none
	Age      time.Duration // of the payment
}

// Store records the intents and outcomes of package outside. Every method is one
// transaction and makes no remote call. Except for those that undo and block, each
// fails with SUSPENDED if the key was undone or blocked meanwhile. A repeat changes
// nothing.
type Store interface {
	// IntendAuthorize opens a payment. It returns the recorded refusal if there is
	// one. Without a token's hash it only returns the record, and fails with CONFLICT (a
	// bug) if there is none. REQUEST_MISMATCH (a bug): k names another request. CONFLICT (a bug): the
	// saga has another payment that is intended, authorized or captured.
	IntendAuthorize(ctx context.Context, k key.Key, h Hold) (Ticket[Authorization], error)
	// ConcludeAuthorize records that the provider holds the money. Rows that in does not
	// have are read.
	ConcludeAuthorize(ctx context.Context, k key.Key, in Intended, reference string) (Authorization, error)
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
	// ConcludeCapture records that the money was taken and writes the invoice. It takes in
	// as ConcludeAuthorize does.
	ConcludeCapture(ctx context.Context, k key.Key, in Intended, reference string) (Capture, error)
	// CaptureNothing records a capture of nothing as done, without a transfer, postings or
	// an invoice. REQUEST_MISMATCH (a bug): k names another request. CONFLICT (a bug): the
	// saga has a payment that is intended, authorized or captured.
	CaptureNothing(ctx context.Context, k key.Key, req CaptureRequest) (Capture, error)
	// RefuseCapture records that the provider declined.
	RefuseCapture(ctx context.Context, k key.Key, refusal *fault.Error) error
	// Known returns what is recorded of the capture k, and without a record of it, of the
	// payment that hold has authorized.
	Known(ctx context.Context, k, hold key.Key) (Known, error)
	// LearnAuthorize records an authorization that the provider has made and that no row has:
	// it was lost. The request of it is not known, so a repeat of Authorize is not compared
	// with it.
	LearnAuthorize(ctx context.Context, k key.Key, a money.Amount, reference string) error
	// BeginSettle returns the state of the capture and, if it is done, its outcome.
	// Without one it blocks k.
	BeginSettle(ctx context.Context, k key.Key) (ledger.State, Capture, error)
	// BlockCapture is to captures what BlockAuthorize is to authorizations.
	BlockCapture(ctx context.Context, k key.Key) error

	// IntendRefund sets the amount aside. It fails as IntendAuthorize and as
	// [Payment.StartRefund], whose refusal it records.
	IntendRefund(ctx context.Context, k key.Key, req RefundRequest) (Ticket[Refund], error)
	// ConcludeRefund records that the money was paid back. It takes in as
	// ConcludeAuthorize does.
	ConcludeRefund(ctx context.Context, k key.Key, in Intended, reference string) (Refund, error)
	// RefuseRefund records that the provider declined.
	RefuseRefund(ctx context.Context, k key.Key, refusal *fault.Error) error
	// BeginSettleRefund is to refunds what BeginSettle is to captures.
	BeginSettleRefund(ctx context.Context, k key.Key) (ledger.State, Refund, error)
	// BlockRefund is to refunds what BlockAuthorize is to authorizations. It frees the
	// amount set aside.
	BlockRefund(ctx context.Context, k key.Key) error

	Direct
}
