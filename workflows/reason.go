package workflows

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// reasons maps the code of a decision to the closed list of reasons for customers.
// The step's own code stays in the view's steps.
var reasons = map[fault.Code]order.Reason{
	catalog.UnknownSKU:        order.UnknownSKU,
	catalog.CurrencyMismatch:  order.CurrencyMismatch,
	inventory.OutOfStock:      order.OutOfStock,
	payment.CardDeclined:      order.PaymentDeclined,
	payment.InsufficientFunds: order.PaymentDeclined,
	payment.ExpiredCard:       order.PaymentDeclined,
	payment.CaptureDeclined:   order.PaymentDeclined,
	payment.AuthExpired:       order.PaymentDeclined,
	shipping.Undeliverable:    order.Undeliverable,
	saga.CustomerRequest:      order.CustomerRequest,
	saga.Deadline:             order.Deadline,
}

// reason returns the customer's reason for d. A cancel is a request, whatever code its
// caller gave: an operator may use the engine's tools. Another code without a reason is
// a bug, or an earlier run's decision that left no reason behind: INTERNAL. (The order's
// record keeps the reason that was written first.)
func reason(d saga.Decision) order.Reason {
	wish := d.Kind == fault.Business && d.Step == "" // of a cancel, or of the deadline
	if wish && d.Code != saga.Deadline {
		return order.CustomerRequest
	}
	if r, ok := reasons[d.Code]; ok {
		return r
	}
	return order.Internal
}
