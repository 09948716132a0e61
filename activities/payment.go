package activities

import (
	"time"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment"
)

// outside limits one attempt of a step that calls a system we do not run.
const outside = 10 * time.Second

// Steps of the payment service.
var (
	// AuthorizePayment holds the money; its undo voids the authorization.
	AuthorizePayment = saga.Step[payment.AuthorizeRequest, payment.Authorization]{
		Name: "payment.authorize", Queue: "payment", Kind: saga.Compensatable, StartToClose: outside, Owes: "money held", Money: true,
		Summary:     func(q payment.AuthorizeRequest) string { return "hold " + q.Amount.String() },
		UndoSummary: "let go of the money held",
	}
	// CapturePayment takes the money. It is the order saga's pivot: afterwards the
	// saga only goes forward. Its settle blocks it or learns that it happened.
	CapturePayment = saga.Step[payment.CaptureRequest, payment.Capture]{
		Name: "payment.capture", Queue: "payment", Kind: saga.Pivot, StartToClose: outside, Owes: "money taken", Money: true,
		Summary: func(q payment.CaptureRequest) string { return "take " + q.Amount.String() },
	}
)

// BindPayment binds the payment service's steps.
func BindPayment(r saga.Registry, s payment.Service) {
	saga.Bind(r, AuthorizePayment, s.Authorize, s.Void)
	saga.BindPivot(r, CapturePayment, s.Capture, s.SettleCapture)
}
