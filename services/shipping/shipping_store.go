package shipping

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Store keeps the records that [Outside] needs: the step's barrier row and one
// shipment per parcel. What a method writes is one transaction, or one statement,
// and none of them calls the carrier. Codes besides those named: UNAVAILABLE (kind
// transient), CONFLICT and INVALID (kind bug) for what the database does not take.
type Store interface {
	// Intend records that the step is about to call the carrier, with one
	// shipment per parcel in state intent; a repeat changes nothing and returns
	// what is known. It fails with the recorded refusal; with SUSPENDED if the
	// step was cancelled; with REQUEST_MISMATCH if k was used for another request.
	Intend(ctx context.Context, k key.Key, req BookRequest) (Ticket, error)

	// Conclude records the step as done with booking, and its shipments as booked.
	// It fails with SUSPENDED if the step was cancelled meanwhile, with CONFLICT
	// (kind transient) if its refusal has begun. A repeat changes nothing.
	Conclude(ctx context.Context, k key.Key, booking Booking) error

	// BeginRefusal decides that the step is refused because of the parcel from
	// warehouse, and says whether that was still open: if not, it changes nothing.
	// From then on the step cannot be concluded, so that its parcels can be taken
	// back. A repeat keeps the refusal that came first.
	BeginRefusal(ctx context.Context, k key.Key, warehouse string, refusal *fault.Error) (open bool, err error)

	// EndRefusal records the step as refused, and its shipments as cancelled;
	// takenBack are those of them that had been booked. It fails with SUSPENDED if
	// the step was cancelled meanwhile. A repeat changes nothing.
	EndRefusal(ctx context.Context, k key.Key, refusal *fault.Error, takenBack []Shipment) error

	// BeginUndo returns what there is to take back. If the step never began it
	// blocks it, and there is nothing.
	BeginUndo(ctx context.Context, k key.Key) (Undo, error)

	// EndUndo records the step as undone, or as blocked if nothing of it had
	// happened, and its shipments as cancelled; takenBack are those that had been
	// booked. It fails with UNAVAILABLE if the step was concluded meanwhile
	// without the undo having seen a booking. A repeat changes nothing.
	EndUndo(ctx context.Context, k key.Key, undo Undo, takenBack []Shipment) error
}

// Ticket is a [ledger.Ticket] for a step that an earlier attempt may have begun to
// refuse.
type Ticket struct {
	ledger.Ticket[Booking]

	// Refusal is why an earlier attempt decided to refuse the step, without
	// recording it yet; nil: none did.
	Refusal *fault.Error
}

// Undo is what a cancelled step may have left at the carrier.
type Undo struct {
	// Warehouses are those of the step's parcels; none: there is nothing to do.
	Warehouses []string
	// Done says that the step was recorded as done: every parcel was booked.
	Done bool
}
