package activities

import (
	"fmt"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/shipping"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
)

// enough is the time for the most parcels of an order, each with two calls to a carrier
// that is just fast enough to answer. The heartbeats tell whether an attempt is alive.
const enough = 10 * time.Minute

// BookParcels books one shipment per parcel; its undo cancels all of them.
var BookParcels = saga.Step[shipping.BookRequest, shipping.Booking]{
	Name: "shipping.book", Queue: "shipping", Kind: saga.Compensatable, Owes: "parcels booked",
	Express: quickOutside, StartToClose: enough, Heartbeat: outside,
	Summary:     func(q shipping.BookRequest) string { return fmt.Sprintf("book %d parcels", len(q.Parcels)) },
	UndoSummary: "cancel the parcels",
}

// BindShipping binds the shipping service's step.
func BindShipping(r saga.Registry, s shipping.Service) {
	saga.Bind(r, BookParcels, s.Book, s.Cancel)
}

// TryShipping binds the first try of the shipping service's step, see [saga.BindTry].
func TryShipping(r saga.Registry, p saga.Participant) { saga.BindTry(r, BookParcels, p) }

// AuditParcels is the doctor's question to the shipping service.
var AuditParcels = Audit[audit.Range, shippingaudit.Page]{"shipping.audit", "shipping"}

// BindShippingAudit binds the question.
func BindShippingAudit(r saga.Registry, a shippingaudit.Auditor) { bind(r, AuditParcels, a.Audit) }

// ShippingWords explains the codes and steps of the shipping service.
var ShippingWords = Words{
	Codes: map[fault.Code]string{
		shipping.Undeliverable:      "the carrier does not deliver to the address",
		shipping.CarrierUnavailable: "the carrier is not available",
		shipping.CarrierTimeout:     "the carrier gave no answer",
	},
	Unknown: map[string]string{"shipping.book": "parcels are still booked"},
}
