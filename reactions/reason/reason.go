// Package reason is the one table from the codes of refusals to the reasons of cancelled
// orders, whatever the style of the order is.
package reason

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// reasons maps the code of a refusal to the closed list of reasons for customers. The
// step keeps the code.
var reasons = map[fault.Code]order.Reason{
	catalog.UnknownSKU:        order.UnknownSKU,
	catalog.CurrencyMismatch:  order.CurrencyMismatch,
	inventory.OutOfStock:      order.OutOfStock,
	payment.CardDeclined:      order.PaymentDeclined,
	payment.TokenInvalid:      order.PaymentDeclined,
	payment.InsufficientFunds: order.PaymentDeclined,
	payment.ExpiredCard:       order.PaymentDeclined,
	payment.CaptureDeclined:   order.PaymentDeclined,
	payment.AuthExpired:       order.PaymentDeclined,
	shipping.Undeliverable:    order.Undeliverable,
}

// Of returns the reason of an order that is cancelled because a step was refused with the
// code. A code without a reason is a bug: INTERNAL.
func Of(code fault.Code) order.Reason {
	if r, ok := reasons[code]; ok {
		return r
	}
	return order.Internal
}
