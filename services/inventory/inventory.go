package inventory

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
)

// Codes of this service.
const (
	// OutOfStock: the warehouses together have too little of a SKU.
	OutOfStock fault.Code = "OUT_OF_STOCK"
	// NothingHeld: the saga commits without a held reservation.
	NothingHeld fault.Code = "NOTHING_HELD"
	// NothingSold: the saga takes back stock that it never bought.
	NothingSold fault.Code = "NOTHING_SOLD"
	// NeverReceived refuses a Known delivery whose SKU or warehouse no earlier delivery
	// had, and a correction of stock that was never received.
	NeverReceived fault.Code = "NEVER_RECEIVED"
	// TooFew refuses a correction that takes off more units than are available.
	TooFew fault.Code = "TOO_FEW_AVAILABLE"
)

// MaxDelivery is the most units of one [Delivery]. It keeps a warehouse's total
// deliveries of a SKU far below 64 bits, so that no sum of stock overflows.
const MaxDelivery = 1_000_000_000

// MaxLines is the most lines of one check of stock, as many as an order has at most.
const MaxLines = 200

// Longest names, in characters.
const (
	maxSKU       = 255
	maxWarehouse = 32
)

// legacy begins the sagas of [LegacySaga].
const legacy = "legacy-"

// LegacySaga returns the saga of the stock that another program reserves for an order of its
// own, while both sell from one stock. The order is not one of this platform.
func LegacySaga(order string) string { return legacy + order }

// IsLegacy reports whether a saga is one of [LegacySaga].
func IsLegacy(saga string) bool { return strings.HasPrefix(saga, legacy) }

// ReserveRequest asks for stock.
type ReserveRequest struct {
	Lines []Line `json:"lines"` // each SKU at most once
}

// Line asks for a quantity of one product.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"` // units, at least 1
}

// Reservation is stock that is held for one saga.
type Reservation struct {
	Parcels []Parcel `json:"parcels"` // by warehouse code
}

// Parcel is the goods that one warehouse packs.
type Parcel struct {
	Warehouse string `json:"warehouse"`
	Lines     []Line `json:"lines"` // by SKU, never empty
}

// Commitment is the result of a commit.
type Commitment struct {
	Units int64 `json:"units"`
}

// Return is the result of a take-back.
type Return struct {
	Units int64 `json:"units"` // 0 if all of it came back before
}

// Delivery is stock that arrives at a warehouse.
type Delivery struct {
	SKU       string // 1 to 200 characters, all of them visible
	Warehouse string // its code: 1 to 32 of A-Z a-z 0-9 _ -
	Quantity  int64  // units, 1 to MaxDelivery
	// Known refuses a SKU that no delivery ever had, and a warehouse that none ever
	// came to: people mistype both.
	Known bool
	// By names the person or program that books it, for the journal.
	By string
	// Reference, if not empty, makes a repeat the same delivery, as that of an [Adjustment].
	Reference string
}

// Stock is one warehouse's stock of one SKU.
// Available + Reserved + Committed = Received, and none is negative.
type Stock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Available int64  `json:"available"`
	Reserved  int64  `json:"reserved"`
	Committed int64  `json:"committed"`
	Received  int64  `json:"received"`
}

// Availability tells which lines could be reserved.
type Availability struct {
	Lines []LineAvailability // as asked
}

// Available reports whether all lines together could be reserved.
func (a Availability) Available() bool {
	return !slices.ContainsFunc(a.Lines, func(l LineAvailability) bool { return !l.OK() })
}

// LineAvailability is the stock for one line.
type LineAvailability struct {
	SKU       string
	Requested int64 // units
	Available int64 // units, in all warehouses together
}

// OK reports whether the line could be reserved.
func (l LineAvailability) OK() bool { return l.Available >= l.Requested }

// ValidateCheck refuses with INVALID more than [MaxLines] lines, and lines that
// [ReserveRequest.Validate] refuses.
func ValidateCheck(lines []Line) error {
	if len(lines) > MaxLines {
		return invalid("a check has at most %d lines", MaxLines)
	}
	return ReserveRequest{Lines: lines}.Validate()
}

// Validate refuses with INVALID a request without lines, with a quantity below 1, or
// with two lines of the same SKU. The caller has to add such lines up, because the
// fingerprint of two lines is not that of their sum.
func (r ReserveRequest) Validate() error {
	if len(r.Lines) == 0 {
		return invalid("no lines")
	}
	seen := make(map[string]bool, len(r.Lines))
	for i, l := range r.Lines {
		switch {
		case !ValidSKU(l.SKU):
			return invalid("line %d: a SKU has 1 to %d characters, none of them a control character", i+1, maxSKU)
		case l.Quantity < 1:
			return invalid("line %d: the quantity is not positive", i+1)
		case seen[l.SKU]:
			return invalid("line %d: %q is already in another line", i+1, l.SKU)
		}
		seen[l.SKU] = true
	}
	return nil
}

// Units returns how many units r holds.
func (r Reservation) Units() int64 {
	var n int64
	for _, p := range r.Parcels {
		for _, l := range p.Lines {
			n += l.Quantity
		}
	}
	return n
}

// Validate refuses with INVALID a quantity below 1 or above [MaxDelivery], and a
// malformed SKU, warehouse code or author. It is stricter about the SKU than a
// reservation: an order keeps the SKU with which it was placed. The code's alphabet is
// narrow because the code becomes a part of the carrier's idempotency keys.
func (d Delivery) Validate() error {
	switch {
	case text.Code(d.SKU) != nil:
		return invalid("the SKU %w", text.Code(d.SKU))
	case utf8.RuneCountInString(d.SKU) > text.MaxCode:
		return invalid("the SKU must have at most %d characters", text.MaxCode)
	case !validWarehouse(d.Warehouse):
		return invalid("a warehouse code is 1 to %d of A-Z a-z 0-9 _ -", maxWarehouse)
	case d.Quantity < 1 || d.Quantity > MaxDelivery:
		return invalid("a delivery has 1 to %d units", MaxDelivery)
	}
	if err := validReference(d.Reference); err != nil {
		return err
	}
	return validBy(d.By)
}

// ValidSKU reports whether s can be the SKU of stock. A new delivery needs more; see
// [Delivery.Validate].
func ValidSKU(s string) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxSKU {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

func validWarehouse(s string) bool {
	for _, r := range s {
		switch {
		case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '-':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxWarehouse
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
