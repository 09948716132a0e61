package shipping

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Store keeps the records of [Outside]: the step's barrier row and one shipment per
// parcel. Every method writes in one transaction, or by one statement, and makes no
// remote call. Further codes: UNAVAILABLE (kind transient), and CONFLICT and INVALID
// (kind bug) for values that the database refuses.
type Store interface {
	// Intend records that the step is about to call the carrier, with one shipment
	// per parcel in state intent. A repeat changes nothing and returns the recorded
	// ticket. It fails with the recorded refusal; with SUSPENDED if the step was
	// cancelled; with REQUEST_MISMATCH if k was used for another request.
	Intend(ctx context.Context, k key.Key, req BookRequest) (Ticket, error)

	// Conclude records the step as done with booking, and its shipments as booked.
	// It fails with SUSPENDED if the step was cancelled meanwhile, with CONFLICT
	// (kind transient) if its refusal has begun. A repeat changes nothing.
	Conclude(ctx context.Context, k key.Key, booking Booking) error

	// BeginRefusal decides that the step is refused because of the parcel from
	// warehouse, and reports whether the step was still open; if not, it changes
	// nothing. Afterwards the step cannot be concluded, so its parcels can be
	// cancelled. A repeat keeps the first refusal.
	BeginRefusal(ctx context.Context, k key.Key, warehouse string, refusal *fault.Error) (open bool, err error)

	// EndRefusal records the step as refused, and its shipments as cancelled;
	// takenBack are those that were booked. It fails with SUSPENDED if
	// the step was cancelled meanwhile. A repeat changes nothing.
	EndRefusal(ctx context.Context, k key.Key, refusal *fault.Error, takenBack []Shipment) error

	// BeginUndo returns the parcels to cancel. If the step never began it blocks the
	// step, and there are none.
	BeginUndo(ctx context.Context, k key.Key) (Undo, error)

	// EndUndo records the step as undone, or as blocked if no parcel was booked, and
	// its shipments as cancelled; takenBack are those that were booked. It fails with
	// UNAVAILABLE if the step was concluded meanwhile and the undo has not seen a
	// booking. A repeat changes nothing.
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

// Undo is the parcels of a cancelled step that the carrier may have booked.
type Undo struct {
	// Warehouses are those of the parcels; none: there is nothing to cancel.
	Warehouses []string
	// Done means that the step was recorded as done: every parcel was booked.
	Done bool
}
