package shipping

import "github.com/amends/amends/fault"

// Codes of this service.
const (
	Undeliverable      fault.Code = "UNDELIVERABLE"
	CarrierTimeout     fault.Code = "CARRIER_TIMEOUT"
	CarrierUnavailable fault.Code = "CARRIER_UNAVAILABLE"
)

// BookRequest asks for one shipment per parcel to one address.
type BookRequest struct {
	ShipTo  Address  `json:"ship_to"`
	Parcels []Parcel `json:"parcels"`
}

// Address is where the parcels go.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// Parcel is what one warehouse sends. An order has at most one per warehouse.
type Parcel struct {
	Warehouse string `json:"warehouse"`
	Lines     []Line `json:"lines"`
}

// Line is a quantity of one product in a parcel.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Booking is the shipments of one order.
type Booking struct {
	Shipments []Shipment `json:"shipments"` // by warehouse code
}

// Shipment is one parcel that the carrier has accepted.
type Shipment struct {
	Warehouse      string `json:"warehouse"`
	Carrier        string `json:"carrier"`
	TrackingNumber string `json:"tracking_number"`
	State          State  `json:"state"`
}

// State is where a shipment stands.
type State string

// The states. intent → booked → cancelled, intent → cancelled.
const (
	Intent    State = "intent"
	Booked    State = "booked"
	Cancelled State = "cancelled"
)
