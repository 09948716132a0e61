package inventory

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the inventory service. It owns warehouses, stock and reservations.
// Do/undo pair: Reserve/Release. Commit closes a reservation for good; TakeBack receives
// the goods of one again.
type Service interface {
	Direct

	// Reserve holds the stock of every line, or of none, split into the fewest
	// parcels (ties by warehouse code, see package allocation). A repeat returns the recorded
	// reservation. The same k with other SKUs or quantities is a bug
	// (REQUEST_MISMATCH); the order of the lines does not matter. It refuses with
	// OUT_OF_STOCK, and with INVALID as [ReserveRequest.Validate] does. A refusal is
	// recorded, so it stays when stock arrives later. After Release it answers
	// SUSPENDED. A reservation does not expire.
	Reserve(ctx context.Context, k key.Key, req ReserveRequest) (Reservation, error)

	// Release releases the reservation under the same k. A repeat succeeds, and so does
	// a release after a refusal or without a reservation; the latter blocks a late
	// Reserve. A release after the commit is a bug (CONFLICT).
	Release(ctx context.Context, k key.Key) error

	// Commit sells all held reservations of the saga k.Saga; k is the commit's own
	// key. A repeat returns the recorded answer. A saga without a held reservation is a
	// bug (NOTHING_HELD), which is not recorded: a later attempt looks again.
	Commit(ctx context.Context, k key.Key) (Commitment, error)

	// TakeBack receives the sold stock of the saga k.Saga again, at the warehouses that
	// sent it, and enters that into the journal; k is the take-back's own key. A sale comes
	// back once, whole: a repeat returns the recorded answer, and another take-back of the
	// saga answers that it took nothing. A saga that has bought nothing is a bug
	// (NOTHING_SOLD), which is not recorded.
	TakeBack(ctx context.Context, k key.Key) (Return, error)
}

// Direct is the part of the service that is called directly, not as a step of a saga. A
// method may refuse with INVALID a SKU or a saga of more than 255 characters: there is none.
type Direct interface {
	// Receive adds the delivery to a warehouse's available stock, enters it into the
	// journal, and creates SKU and warehouse if they are new. A repeat with the same Reference
	// changes nothing and returns the stock as it is; with another quantity it is refused with
	// REQUEST_MISMATCH. Without a Reference every call is a delivery, so a
	// caller without an answer must read Stock before calling again. It refuses with
	// INVALID as [Delivery.Validate] does, and with NEVER_RECEIVED if names must be
	// known and are not.
	Receive(ctx context.Context, d Delivery) (Stock, error)

	// Adjust corrects a warehouse's available stock and enters that into the journal. A
	// repeat with the same Reference changes nothing, reports that, and returns the
	// stock as it is; with other units it is refused with REQUEST_MISMATCH. Without a
	// Reference every call is a correction. Adjust also refuses with INVALID as
	// [Adjustment.Validate] does, with NEVER_RECEIVED, and with TOO_FEW_AVAILABLE: it
	// takes nothing from orders.
	Adjust(ctx context.Context, a Adjustment) (s Stock, repeated bool, err error)

	// Journal returns all entries of a SKU, by warehouse code and position.
	Journal(ctx context.Context, sku string) ([]Entry, error)

	// Stock returns the stock of a SKU in every warehouse, by warehouse code; none if no
	// warehouse ever received it.
	Stock(ctx context.Context, sku string) ([]Stock, error)

	// Reserved returns the reservations of a saga in all states, by step and generation, none if
	// it has asked for no stock, or was refused.
	Reserved(ctx context.Context, saga string) ([]Reserved, error)

	// CheckStock returns the units of each line's SKU that all warehouses together have
	// available, in the order of the lines; 0 of a SKU that none ever received. It holds
	// nothing: a Reserve that follows may find less. It refuses with INVALID as
	// [ValidateCheck] does.
	CheckStock(ctx context.Context, lines []Line) (Availability, error)
}
