package shipping

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

// The facts that the service tells.
var (
	// BookedFact is told when every parcel of an order is booked.
	BookedFact = event.Declare[BookedData](event.Declaration{
		Service: "shipping", Name: "booked", Version: 1, Key: "order",
		About: "Every parcel of the order is booked at the carrier.",
	})
	// RefusedFact is told when the carrier refuses a parcel of an order.
	RefusedFact = event.Declare[RefusedData](event.Declaration{
		Service: "shipping", Name: "refused", Version: 1, Key: "order",
		About: "The carrier refuses a parcel of the order, and none of its parcels is booked.",
	})
	// CancelledFact is told when the parcels of an order are cancelled, or are blocked
	// before they were booked.
	CancelledFact = event.Declare[StepData](event.Declaration{
		Service: "shipping", Name: "cancelled", Version: 1, Key: "order",
		About: "No parcel of the order is booked by this step, and none ever will be again.",
	})
)

// Facts are all facts of the service.
var Facts = []event.Declaration{BookedFact.Declaration, RefusedFact.Declaration, CancelledFact.Declaration}

// StepData names the step that a fact is about.
type StepData struct {
	key.Key
}

// RefusedData is a step's refusal.
type RefusedData struct {
	key.Key
	Code fault.Code `json:"code"` // as in [Service.Book]
}

// BookedData is the booking of a step.
type BookedData struct {
	key.Key
	Booking
}
