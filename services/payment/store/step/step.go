// Package step says which facts tell the record of each step of the payment service.
package step

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
)

// Authorize tells the record of an authorization.
var Authorize = outbox.Step[payment.Authorization]{
	Done: func(k key.Key, a payment.Authorization) []event.Event {
		return []event.Event{payment.AuthorizedFact.New(k.Saga, k.Saga, payment.AuthorizedData{Key: k, Authorization: a})}
	},
	Refused: refused(payment.DeclinedFact),
	Ended: func(k key.Key, a payment.Authorization) []event.Event {
		held := a != payment.Authorization{}
		return []event.Event{payment.VoidedFact.New(k.Saga, k.Saga, payment.VoidedData{Key: k, Held: held})}
	},
}

// Capture tells the record of a capture, and the invoice that it pays.
var Capture = outbox.Step[payment.Capture]{
	Done: func(k key.Key, c payment.Capture) []event.Event {
		data := payment.CapturedData{Key: k, Capture: c}
		told := []event.Event{payment.CapturedFact.New(k.Saga, k.Saga, data)}
		if c.InvoiceNumber != "" { // else it is a capture of nothing
			told = append(told, payment.InvoiceIssuedFact.New(k.Saga, k.Saga, data))
		}
		return told
	},
	Refused: refused(payment.CaptureRefusedFact),
	Ended: func(k key.Key, _ payment.Capture) []event.Event {
		return []event.Event{payment.SettledFact.New(k.Saga, k.Saga, payment.StepData{Key: k})}
	},
}

// Refund tells the record of a refund, which is never undone.
var Refund = outbox.Step[payment.Refund]{
	Done: func(k key.Key, r payment.Refund) []event.Event {
		return []event.Event{payment.RefundedFact.New(k.Saga, k.Saga, payment.RefundedData{Key: k, Refund: r})}
	},
	Refused: refused(payment.RefundRefusedFact),
	Ended: func(k key.Key, _ payment.Refund) []event.Event {
		return []event.Event{payment.RefundSettledFact.New(k.Saga, k.Saga, payment.StepData{Key: k})}
	},
}

// refused returns how a step tells that it was refused.
func refused(fact event.Fact[payment.RefusedData]) func(key.Key, fault.Code) []event.Event {
	return func(k key.Key, code fault.Code) []event.Event {
		return []event.Event{fact.New(k.Saga, k.Saga, payment.RefusedData{Key: k, Code: code})}
	}
}

// Steps say how the entries of the service's ledger are told.
var Steps = compare.Steps{
	"payment.authorize": Authorize.Events, "payment.capture": Capture.Events, "payment.refund": Refund.Events,
}
