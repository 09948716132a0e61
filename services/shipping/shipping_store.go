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
	// cancelled; with REQUEST_MISMATCH if k was used for another request. Without an
	// address it only returns the record, and fails with CONFLICT (kind bug) if there is
	// none.
	Intend(ctx context.Context, k key.Key, req BookRequest) (Ticket, error)

	// RecordBooked records that one parcel of the step is booked, before the others are,
	// and reports whether that is recorded now. If not, an undo or a refusal takes the
	// parcels back. A repeat changes nothing.
	RecordBooked(ctx context.Context, k key.Key, booked Shipment) (recorded bool, err error)

	// Conclude records the step as done with booking, and those of its shipments as
	// booked that RecordBooked has not: rest. It fails with SUSPENDED if the step was
	// cancelled meanwhile, with CONFLICT (kind transient) if any other shipment is not
	// booked, or if one of rest is no intent any more. A repeat changes nothing.
	Conclude(ctx context.Context, k key.Key, booking Booking, rest []Shipment) error

	// BeginRefusal decides that the step is refused because of the parcel from
	// warehouse, and reports whether that parcel was still an intent; if not, it changes
	// nothing. Afterwards the step cannot be concluded, so its parcels can be
	// cancelled. A repeat keeps the first refusal.
	BeginRefusal(ctx context.Context, k key.Key, warehouse string, refusal *fault.Error) (open bool, err error)

	// RecordCancelled records that one parcel of a step that is being refused or undone
	// is not booked, now and for ever; without a tracking number it never was. A repeat
	// changes nothing.
	RecordCancelled(ctx context.Context, k key.Key, cancelled Shipment) error

	// EndRefusal records the step as refused, and every shipment as cancelled; rest are
	// those that RecordCancelled has not got. It fails with SUSPENDED if the step was
	// cancelled meanwhile. A repeat changes nothing.
	EndRefusal(ctx context.Context, k key.Key, refusal *fault.Error, rest []Shipment) error

	// BeginUndo returns the parcels to cancel. If the step never began it blocks the
	// step, and there is nothing to undo.
	BeginUndo(ctx context.Context, k key.Key) (Undo, error)

	// EndUndo records the step as undone, or as blocked if undo has no parcel that was
	// booked, and every shipment as cancelled; rest are those that RecordCancelled has not
	// got. It fails with UNAVAILABLE if the step was concluded meanwhile and undo has no
	// booking. A repeat changes nothing.
	EndUndo(ctx context.Context, k key.Key, undo Undo, rest []Shipment) error

	// Track is [Direct.Track].
	Track(ctx context.Context, saga string) ([]Shipment, error)
}

// Ticket is a [ledger.Ticket] for a step that an earlier attempt may have begun to
// refuse.
type Ticket struct {
	ledger.Ticket[Booking]

	// Refusal is why an earlier attempt decided to refuse the step, without
	// recording it yet; nil: none did.
	Refusal *fault.Error
	// Known are the shipments of a repeat whose outcome is recorded: booked, or
	// cancelled by a refusal or an undo. They are sorted by warehouse code.
	Known []Shipment
}

// Undo is the parcels of a cancelled step that the carrier may have booked.
type Undo struct {
	// Open means that the step has something to undo.
	Open bool
	// Warehouses are those of the parcels whose cancellation is not recorded yet, and
	// Cancelled is the number of the others.
	Warehouses []string
	Cancelled  int
	// Booked means that a parcel was booked.
	Booked bool
}
