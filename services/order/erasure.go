package order

import "github.com/amends/amends/fault"

// Erasure says whose personal data is to go.
type Erasure struct {
	// Customer is the account whose orders are erased, all of them, but none that a guest placed
	// in its name; Order is one order, of a
	// guest for example. Exactly one is set.
	Customer, Order string
	// By and Reason are an operator's, and are kept with the order; empty: the customer asked.
	// They must have no personal data.
	By, Reason string
}

// maxErasureReason bounds a name and a reason, in bytes: those of an account's erasure have up
// to 1000 characters.
const maxErasureReason = 4000

// Validate refuses with INVALID an erasure of neither or of both, and one of an operator
// without a reason.
func (e Erasure) Validate() error {
	switch {
	case (e.Customer == "") == (e.Order == ""):
		return fault.Errorf(fault.Business, fault.Invalid, "an erasure is of a customer or of an order")
	case (e.By == "") != (e.Reason == ""):
		return fault.Errorf(fault.Business, fault.Invalid, "an operator gives a name and a reason")
	case len(e.By) > maxErasureReason, len(e.Reason) > maxErasureReason:
		return fault.Errorf(fault.Business, fault.Invalid, "a name or reason has at most %d bytes", maxErasureReason)
	default:
		return nil
	}
}
