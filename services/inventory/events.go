package inventory

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

// Facts are all facts of the service, those below.
var Facts []event.Declaration

// The facts that the service tells.
var (
	// StockChangedFact is told when the available stock of a SKU in a warehouse changes:
	// by a delivery, a correction, a return, a reservation or its release. A commit sells units
	// that are not available any more, so it changes nothing that the fact says.
	StockChangedFact = declare[StockData](event.Declaration{
		Name: "stock_changed", Key: "sku", State: true,
		About: "The available stock of the SKU in one warehouse has changed. The sequence counts for SKU and warehouse together.",
	})
	// ReservedFact is told when stock is held for an order.
	ReservedFact = declare[ReservedData](event.Declaration{Name: "reserved", Key: "order", About: "The stock of every line of the order is held."})
	// RefusedFact is told when the stock of an order cannot be held.
	RefusedFact = declare[RefusedData](event.Declaration{Name: "refused", Key: "order", About: "The stock of the order cannot be held, and none of it is."})
	// CommittedFact is told when the held stock of an order is sold.
	CommittedFact = declare[CommittedData](event.Declaration{Name: "committed", Key: "order", About: "The held stock of the order is sold."})
	// TakenBackFact is told when the sold stock of an order is received again.
	TakenBackFact = declare[TakenBackData](event.Declaration{Name: "taken_back", Key: "order", About: "The sold stock of the order is received again; 0 units if it was before."})
	// ReleasedFact is told when a reservation is released, or is blocked before it was
	// made.
	ReleasedFact = declare[ReleasedData](event.Declaration{Name: "released", Key: "order", About: "The order holds no stock by this step, and never will again."})
)

// Reports are the facts by which the service tells that it cannot react to another one.
var Reports = report.Declare("inventory", &Facts)

// declare adds a fact to the list.
func declare[Data any](d event.Declaration) event.Fact[Data] {
	d.Service, d.Version = "inventory", 1
	f := event.Declare[Data](d)
	Facts = append(Facts, f.Declaration)
	return f
}

// StockData is the available stock of one SKU in one warehouse, at one version.
type StockData struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Available int64  `json:"available"` // units that an order can reserve
}

// ReservedData is the reservation of a step.
type ReservedData struct {
	key.Key
	Reservation
}

// RefusedData is a step's refusal.
type RefusedData struct {
	key.Key
	Code fault.Code `json:"code"` // as in [Service.Reserve]
}

// CommittedData is the sale of an order's stock.
type CommittedData struct {
	key.Key
	Commitment
}

// TakenBackData is the return of an order's stock.
type TakenBackData struct {
	key.Key
	Return
}

// ReleasedData is the end of a step's reservation.
type ReleasedData struct {
	key.Key
	Parcels []Parcel `json:"parcels,omitempty"` // available again; none: nothing was held
}
