package inventory

import "github.com/amends/amends/fault"

// Codes of this service.
const (
	OutOfStock  fault.Code = "OUT_OF_STOCK"
	NothingHeld fault.Code = "NOTHING_HELD"
)

// ReserveRequest asks for stock.
type ReserveRequest struct {
	Lines []Line `json:"lines"`
}

// Line asks for a quantity of one product.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Reservation is stock that is held for one saga.
type Reservation struct {
	Parcels []Parcel `json:"parcels"` // by warehouse code
}

// Parcel is what one warehouse packs.
type Parcel struct {
	Warehouse string `json:"warehouse"`
	Lines     []Line `json:"lines"` // by SKU
}

// Commitment says what was turned from held into sold.
type Commitment struct {
	Units int64 `json:"units"`
}

// Delivery is stock that arrives at a warehouse.
type Delivery struct {
	SKU       string
	Warehouse string
	Quantity  int64
}

// Stock is what one warehouse has of one SKU.
// Available + Reserved + Committed = Received, and none is negative.
type Stock struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Available int64  `json:"available"`
	Reserved  int64  `json:"reserved"`
	Committed int64  `json:"committed"`
	Received  int64  `json:"received"`
}
