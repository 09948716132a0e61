package activities

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/payment/posting"
)

// Limits of a step's first try if the order's own worker makes it: of a step that asks
// its own database only, and of one that calls an external system. What takes longer
// goes the durable way.
const (
	quick        = time.Second
	quickOutside = 2 * time.Second
)

// outside limits one attempt of a step that calls an external system once or twice.
const outside = 10 * time.Second

// Steps of the payment service.
var (
	// AuthorizePayment holds the money; its undo voids the authorization.
	AuthorizePayment = saga.Step[payment.AuthorizeRequest, payment.Authorization]{
		Name: "payment.authorize", Queue: "payment", Kind: saga.Compensatable, Owes: "money held", Money: true,
		Express: quickOutside, StartToClose: outside,
		Summary:     func(q payment.AuthorizeRequest) string { return "hold " + q.Amount.String() },
		UndoSummary: "let go of the money held",
	}
	// CapturePayment takes the money. It is the order saga's pivot: afterwards the
	// saga only goes forward. Its settle blocks it or learns that it happened. An order
	// that costs nothing has this pivot too, without an effect on money.
	CapturePayment = saga.Step[payment.CaptureRequest, payment.Capture]{
		Name: "payment.capture", Queue: "payment", Kind: saga.Pivot, Owes: "money taken", Money: true,
		Express: quickOutside, StartToClose: outside,
		Free:    func(q payment.CaptureRequest) bool { return q.Amount.IsZero() },
		Summary: func(q payment.CaptureRequest) string { return "take " + q.Amount.String() },
	}
	// RefundPayment pays back. It is the refund saga's pivot, so a refund whose outcome is
	// not known is asked for and never made twice.
	RefundPayment = saga.Step[payment.RefundRequest, payment.Refund]{
		Name: "payment.refund", Queue: "payment", Kind: saga.Pivot, Owes: "money paid back", Money: true,
		StartToClose: outside,
		Summary:      func(q payment.RefundRequest) string { return "pay back " + q.Amount.String() },
	}
)

// BindPayment binds the payment service's steps.
func BindPayment(r saga.Registry, s payment.Service) {
	saga.Bind(r, AuthorizePayment, s.Authorize, s.Void)
	saga.BindPivot(r, CapturePayment, s.Capture, s.SettleCapture)
	saga.BindPivot(r, RefundPayment, s.Refund, s.SettleRefund)
}

// TryPayment binds the first tries of the payment service's steps, see [saga.BindTry].
func TryPayment(r saga.Registry, p saga.Participant) {
	saga.BindTry(r, AuthorizePayment, p)
	saga.BindTry(r, CapturePayment, p)
}

// The doctor's questions to the payment service.
var (
	AuditPayments = Audit[audit.Range, paymentaudit.Page]{"payment.audit", "payment"}
	AuditLedger   = Audit[audit.Whole, []string]{"payment.audit_ledger", "payment"}
)

// BindPaymentAudit binds the questions.
func BindPaymentAudit(r saga.Registry, a paymentaudit.Auditor) {
	bind(r, AuditPayments, a.Audit)
	bindWhole(r, AuditLedger, a.AuditLedger)
}

// PaymentWords explains the codes and steps of the payment service.
var PaymentWords = Words{
	Codes: map[fault.Code]string{
		payment.CardDeclined:                "the card was declined",
		payment.TokenInvalid:                "the payment provider does not know the payment token: it is mistyped, or of another provider",
		payment.InsufficientFunds:           "there is too little money on the card's account",
		payment.ExpiredCard:                 "the card has expired",
		payment.CaptureDeclined:             "the payment provider declined to capture the money",
		payment.AuthExpired:                 "the authorization has expired",
		payment.RefundExceedsCapture:        "the refund is larger than what was captured",
		payment.RefundDeclined:              "the payment provider declined to pay the money back",
		payment.NothingAuthorized:           "no money is authorized for the order: a bug, or a database that was restored",
		payment.NothingCaptured:             "no money was captured for the order: a bug, or a database that was restored",
		payment.CaptureExceedsAuthorization: "the capture is larger than the authorization, which is a bug",
		payment.ProviderTimeout:             "the payment provider gave no answer",
		payment.ProviderUnavailable:         "the payment provider is not available",
		posting.Unbalanced:                  "the postings of the ledger do not sum to zero, which is a bug",
	},
	Unknown: map[string]string{
		"payment.authorize": "the money is still held",
		"payment.capture":   "the money was taken",
		"payment.refund":    "the money was paid back",
	},
}
