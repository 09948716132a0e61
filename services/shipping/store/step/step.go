// Package step says which facts tell the record of each step of the shipping service.
package step

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
)

// Book tells the record of a booking.
var Book = outbox.Step[shipping.Booking]{
	Done: func(k key.Key, b shipping.Booking) []event.Event {
		return []event.Event{shipping.BookedFact.New(k.Saga, k.Saga, shipping.BookedData{Key: k, Booking: b})}
	},
	Refused: func(k key.Key, code fault.Code) []event.Event {
		return []event.Event{shipping.RefusedFact.New(k.Saga, k.Saga, shipping.RefusedData{Key: k, Code: code})}
	},
	Ended: func(k key.Key, b shipping.Booking) []event.Event {
		return []event.Event{shipping.CancelledFact.New(k.Saga, k.Saga, shipping.CancelledData{Key: k, Held: len(b.Shipments) > 0})}
	},
}

// Steps say how the entries of the service's ledger are told.
var Steps = compare.Steps{"shipping.book": Book.Events}
