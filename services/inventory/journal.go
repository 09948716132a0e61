package inventory

import (
	"time"
	"unicode/utf8"

	"github.com/amends/amends/internal/text"
)

// EntryKind is the reason of an entry in the journal.
type EntryKind string

// The kinds of an entry.
const (
	Opening    EntryKind = "opening"    // received before there was a journal
	Delivered  EntryKind = "delivery"   // by Receive
	Correction EntryKind = "correction" // by Adjust
	Returned   EntryKind = "return"     // by TakeBack; its reference is the saga
)

// Entry is one change of the units that a warehouse ever received of a SKU. Entries
// are never changed; their sum is [Stock.Received].
type Entry struct {
	SKU       string    `json:"sku"`
	Warehouse string    `json:"warehouse"`
	Position  int64     `json:"position"` // 1 for the first of a SKU in a warehouse
	Kind      EntryKind `json:"kind"`
	Units     int64     `json:"units"` // negative if they were taken off
	By        string    `json:"by"`    // the person or program that booked it
	Reason    string    `json:"reason,omitempty"`
	Reference string    `json:"reference,omitempty"`
	At        time.Time `json:"at"` // UTC
}

// Adjustment is a correction of a warehouse's available stock of a SKU, for example
// after a count.
type Adjustment struct {
	SKU, Warehouse string
	// Units are added, or taken off if negative, at most MaxDelivery either way. With 0 the
	// stock is set back to the counters that the journal and the reservations explain, after
	// it was changed by something else.
	Units int64
	// Reason says in words why, and By who says so, as [text.Line] takes them.
	Reason, By string
	// Reference, if not empty, makes a repeat the same correction: for one SKU and
	// warehouse, a reference is booked once. It is the key of a count or a case, as
	// [text.Code] takes it.
	Reference string
}

// Longest texts of an entry, in characters.
const (
	maxText      = 1000
	maxReference = 200
)

// Validate refuses with INVALID units out of range, and malformed names or texts. It
// takes every SKU that may be in stock, also one that a new delivery must not have.
func (a Adjustment) Validate() error {
	switch {
	case !ValidSKU(a.SKU):
		return invalid("a SKU has 1 to %d characters, none of them a control character", maxSKU)
	case !validWarehouse(a.Warehouse):
		return invalid("a warehouse code is 1 to %d of A-Z a-z 0-9 _ -", maxWarehouse)
	case a.Units > MaxDelivery || a.Units < -MaxDelivery:
		return invalid("a correction has at most %d units, or as many to take off", MaxDelivery)
	case text.Line(a.Reason) != nil:
		return invalid("the reason %w", text.Line(a.Reason))
	case utf8.RuneCountInString(a.Reason) > maxText:
		return invalid("the reason must have at most %d characters", maxText)
	}
	if err := validReference(a.Reference); err != nil {
		return err
	}
	return validBy(a.By)
}

// validReference refuses with INVALID a reference that the journal cannot have; it may be empty.
func validReference(reference string) error {
	switch {
	case reference != "" && text.Code(reference) != nil:
		return invalid("the reference %w", text.Code(reference))
	case utf8.RuneCountInString(reference) > maxReference:
		return invalid("the reference must have at most %d characters", maxReference)
	default:
		return nil
	}
}

func validBy(by string) error {
	if err := text.Line(by); err != nil {
		return invalid("the author of an entry %w", err)
	}
	if utf8.RuneCountInString(by) > maxText {
		return invalid("the author of an entry must have at most %d characters", maxText)
	}
	return nil
}
