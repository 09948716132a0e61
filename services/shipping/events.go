package shipping

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
	// BookedFact is told when every parcel of an order is booked.
	BookedFact = declare[BookedData]("booked", "Every parcel of the order is booked at the carrier.")
	// RefusedFact is told when the carrier refuses a parcel of an order.
	RefusedFact = declare[RefusedData]("refused", "The carrier refuses a parcel of the order, and none of its parcels is booked.")
	// CancelledFact is told when the parcels of an order are cancelled, or are blocked
	// before they were booked.
	CancelledFact = declare[CancelledData]("cancelled", "No parcel of the order is booked by this step, and none ever will be again.")
)

// Reports are the facts by which the service tells that it cannot react to another one.
var Reports = report.Declare("shipping", &Facts)

// declare adds a fact about a step of an order's saga.
func declare[Data any](name, about string) event.Fact[Data] {
	f := event.Declare[Data](event.Declaration{Service: "shipping", Name: name, Version: 1, Key: "order", About: about})
	Facts = append(Facts, f.Declaration)
	return f
}

// CancelledData is the end of a step's booking.
type CancelledData struct {
	key.Key
	Held bool `json:"held,omitempty"` // false: no parcel was booked by this step
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
