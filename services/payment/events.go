package payment

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
	// AuthorizedFact is told when an order's money is held.
	AuthorizedFact = declare[AuthorizedData]("authorized", "The provider holds the money of the order.")
	// DeclinedFact is told when the provider refuses to hold an order's money.
	DeclinedFact = declare[RefusedData]("declined", "The provider refuses to hold the money of the order.")
	// VoidedFact is told when an authorization is voided, or is blocked before it was
	// made.
	VoidedFact = declare[VoidedData]("voided", "The provider holds no money of the order by this step, and never will again.")
	// CapturedFact is told when an order's money is taken. It is also the answer to a
	// settle that finds the capture done.
	CapturedFact = declare[CapturedData]("captured", "The money of the order is taken. An order that costs nothing has an amount of 0 and no payment.")
	// CaptureRefusedFact is told when the provider refuses to take an order's money.
	CaptureRefusedFact = declare[RefusedData]("capture_refused", "The provider refuses to take the money of the order.")
	// SettledFact is told when a capture is blocked before it happened.
	SettledFact = declare[StepData]("settled", "The money of the order was not taken by this step, and never will be.")
	// RefundedFact is told when captured money is paid back.
	RefundedFact = declare[RefundedData]("refunded", "Money of the order is paid back.")
	// RefundRefusedFact is told when captured money cannot be paid back.
	RefundRefusedFact = declare[RefusedData]("refund_refused", "Money of the order cannot be paid back by this step.")
	// RefundSettledFact is told when a refund is blocked before it happened.
	RefundSettledFact = declare[StepData]("refund_settled", "Money of the order was not paid back by this step, and never will be.")
	// InvoiceIssuedFact is told with the capture that pays the invoice.
	InvoiceIssuedFact = declare[CapturedData]("invoice_issued", "The paid invoice of the order is written.")
)

// Reports are the facts by which the service tells that it cannot react to another one.
var Reports = report.Declare("payment", &Facts)

// declare adds a fact about a step of an order's saga.
func declare[Data any](name, about string) event.Fact[Data] {
	f := event.Declare[Data](event.Declaration{Service: "payment", Name: name, Version: 1, Key: "order", About: about})
	Facts = append(Facts, f.Declaration)
	return f
}

// StepData names the step that a fact is about.
type StepData struct{ key.Key }

// VoidedData is the end of a step's authorization.
type VoidedData struct {
	key.Key
	Held bool `json:"held,omitempty"` // false: the provider held no money by this step
}

// RefusedData is a step's refusal.
type RefusedData struct {
	key.Key
	Code fault.Code `json:"code"` // as in [Service]
}

// AuthorizedData is the authorization of a step.
type AuthorizedData struct {
	key.Key
	Authorization
}

// CapturedData is the capture of a step.
type CapturedData struct {
	key.Key
	Capture
}

// RefundedData is the refund of a step.
type RefundedData struct {
	key.Key
	Refund
}
