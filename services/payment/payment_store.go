package payment

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

// Progress is how far an effect at the provider has come, as its key records it.
type Progress string

// The progress of an effect. Open is the only one in which the provider has to
// be asked: it may or may not have been called.
const (
	Open    Progress = "intent"
	Done    Progress = "done"
	Refused Progress = "refused"
	Undone  Progress = "undone"
	Blocked Progress = "blocked"
)

// Ticket is the permission to call the provider, or the outcome if it was
// called before.
type Ticket[Out any] struct {
	Repeat  bool   // an earlier attempt may have called: ask the provider first
	Done    bool   // it has succeeded: Outcome is the answer
	Outcome Out    // valid if Done
	Target  string // provider's key of what is captured or refunded; valid unless Done
}

// Store keeps what [Outside] intends and learns. Every method is one
// transaction and calls nothing remote. Each fails with SUSPENDED if the key was
// undone or blocked meanwhile, except those that undo and block; each repeat
// changes nothing.
type Store interface {
	// IntendAuthorize opens a payment. It returns the recorded refusal if there is
	// one, REQUEST_MISMATCH (a bug) if k names another request, and CONFLICT (a
	// bug) if the saga has another payment asked for, held or taken.
	IntendAuthorize(ctx context.Context, k key.Key, h Hold) (Ticket[Authorization], error)
	// ConcludeAuthorize records that the provider holds the money.
	ConcludeAuthorize(ctx context.Context, k key.Key, reference string) (Authorization, error)
	// RefuseAuthorize records that the provider declined.
	RefuseAuthorize(ctx context.Context, k key.Key, refusal *fault.Error) error
	// BeginVoid says what there is to take back. If there is nothing it blocks k.
	BeginVoid(ctx context.Context, k key.Key) (Progress, error)
	// EndVoid records that what was authorized is taken back.
	EndVoid(ctx context.Context, k key.Key) error
	// BlockAuthorize records that what was intended never happened and never will.
	// It fails as transient if it turns out to have happened.
	BlockAuthorize(ctx context.Context, k key.Key) error

	// IntendCapture begins to take the saga's money and assigns the invoice
	// number. It fails as IntendAuthorize and as [Payment.CanCapture].
	IntendCapture(ctx context.Context, k key.Key, req CaptureRequest) (Ticket[Capture], error)
	// ConcludeCapture records that the money was taken and writes the invoice.
	ConcludeCapture(ctx context.Context, k key.Key, reference string) (Capture, error)
	// RefuseCapture records that the provider declined.
	RefuseCapture(ctx context.Context, k key.Key, refusal *fault.Error) error
	// BeginSettle says how far the capture has come and, if it is done, what it
	// was. If there is nothing it blocks k.
	BeginSettle(ctx context.Context, k key.Key) (Progress, Capture, error)
	// BlockCapture is to captures what BlockAuthorize is to authorizations.
	BlockCapture(ctx context.Context, k key.Key) error

	// IntendRefund sets the amount aside. It fails as IntendAuthorize and as
	// [Payment.StartRefund], whose refusal it records.
	IntendRefund(ctx context.Context, k key.Key, req RefundRequest) (Ticket[Refund], error)
	// ConcludeRefund records that the money was paid back.
	ConcludeRefund(ctx context.Context, k key.Key, reference string) (Refund, error)
	// RefuseRefund records that the provider declined.
	RefuseRefund(ctx context.Context, k key.Key, refusal *fault.Error) error
}
