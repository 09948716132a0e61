package payment

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
)

// The facts that the service tells.
var (
	// AuthorizedFact is told when an order's money is held.
	AuthorizedFact = event.Declare[AuthorizedData](event.Declaration{
		Service: "payment", Name: "authorized", Version: 1, Key: "order",
		About: "The provider holds the money of the order.",
	})
	// DeclinedFact is told when the provider refuses to hold an order's money.
	DeclinedFact = event.Declare[RefusedData](event.Declaration{
		Service: "payment", Name: "declined", Version: 1, Key: "order",
		About: "The provider refuses to hold the money of the order.",
	})
	// VoidedFact is told when an authorization is voided, or is blocked before it was
	// made.
	VoidedFact = event.Declare[StepData](event.Declaration{
		Service: "payment", Name: "voided", Version: 1, Key: "order",
		About: "The provider holds no money of the order by this step, and never will again.",
	})
	// CapturedFact is told when an order's money is taken. It is also the answer to a
	// settle that finds the capture done.
	CapturedFact = event.Declare[CapturedData](event.Declaration{
		Service: "payment", Name: "captured", Version: 1, Key: "order",
		About: "The money of the order is taken. An order that costs nothing has an amount of 0 and no payment.",
	})
	// CaptureRefusedFact is told when the provider refuses to take an order's money.
	CaptureRefusedFact = event.Declare[RefusedData](event.Declaration{
		Service: "payment", Name: "capture_refused", Version: 1, Key: "order",
		About: "The provider refuses to take the money of the order.",
	})
	// SettledFact is told when a capture is blocked before it happened.
	SettledFact = event.Declare[StepData](event.Declaration{
		Service: "payment", Name: "settled", Version: 1, Key: "order",
		About: "The money of the order was not taken by this step, and never will be.",
	})
	// RefundedFact is told when captured money is paid back.
	RefundedFact = event.Declare[RefundedData](event.Declaration{
		Service: "payment", Name: "refunded", Version: 1, Key: "order",
		About: "Money of the order is paid back.",
	})
	// RefundRefusedFact is told when captured money cannot be paid back.
	RefundRefusedFact = event.Declare[RefusedData](event.Declaration{
		Service: "payment", Name: "refund_refused", Version: 1, Key: "order",
		About: "Money of the order cannot be paid back by this step.",
	})
	// InvoiceIssuedFact is told with the capture that pays the invoice.
	InvoiceIssuedFact = event.Declare[InvoiceData](event.Declaration{
		Service: "payment", Name: "invoice_issued", Version: 1, Key: "order",
		About: "The paid invoice of the order is written.",
	})
)

// Facts are all facts of the service.
var Facts = []event.Declaration{
	AuthorizedFact.Declaration, DeclinedFact.Declaration, VoidedFact.Declaration,
	CapturedFact.Declaration, CaptureRefusedFact.Declaration, SettledFact.Declaration,
	RefundedFact.Declaration, RefundRefusedFact.Declaration, InvoiceIssuedFact.Declaration,
}

// StepData names the step that a fact is about.
type StepData struct {
	key.Key
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

// InvoiceData is the invoice that a step's capture pays.
type InvoiceData struct {
	key.Key
	Number    string       `json:"invoice_number"`
	PaymentID string       `json:"payment_id"`
	Amount    money.Amount `json:"amount"`
}
