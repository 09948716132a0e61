package shipping

import (
	"strings"

	"github.com/amends/amends/fault"
)

// Codes of this service. They are recorded, so they are only ever added.
const (
	// Undeliverable: the carrier does not serve the address.
	Undeliverable fault.Code = "UNDELIVERABLE"
	// CarrierTimeout: a call to the carrier may have taken effect.
	CarrierTimeout fault.Code = "CARRIER_TIMEOUT"
	// CarrierUnavailable: the carrier did not take the call; it may later.
	CarrierUnavailable fault.Code = "CARRIER_UNAVAILABLE"
)

// BookRequest asks for one shipment per parcel to one address. A repeat needs no
// address: the record of the first call answers.
type BookRequest struct {
	ShipTo  Address  `json:"ship_to"`
	Parcels []Parcel `json:"parcels"`
}

// Address is the destination of the parcels.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`      // empty where there are none
	Region     string `json:"region,omitempty"` // state, province or the like
	Country    string `json:"country"`          // ISO 3166-1 alpha-2, or XK
}

// Parcel is the goods that one warehouse sends. An order has at most one per warehouse.
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

// State is the state of a shipment.
type State string

// The states. intent → booked → cancelled, intent → cancelled.
const (
	Intent    State = "intent"
	Booked    State = "booked"
	Cancelled State = "cancelled"
)

// Validate returns nil, or the rule that r breaks as a fault with code INVALID. Its
// kind is Bug: the inventory service makes the parcels, not a client.
func (r BookRequest) Validate() error {
	if len(r.Parcels) == 0 {
		return invalid("there is no parcel to book")
	}
	seen := map[string]bool{}
	for _, p := range r.Parcels {
		switch {
		case p.Warehouse == "" || strings.Contains(p.Warehouse, "/"):
			// With a slash, parcels of different steps could share a key.
			return invalid("warehouse code %q is empty or has a slash", p.Warehouse)
		case seen[p.Warehouse]:
			return invalid("there are two parcels from warehouse %q", p.Warehouse)
		case len(p.Lines) == 0:
			return invalid("the parcel from warehouse %q is empty", p.Warehouse)
		}
		seen[p.Warehouse] = true
		for _, l := range p.Lines {
			if l.SKU == "" || l.Quantity < 1 {
				return invalid("the parcel from warehouse %q has a line without product or quantity", p.Warehouse)
			}
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Bug, fault.Invalid, format, args...)
}
