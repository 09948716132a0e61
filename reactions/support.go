package reactions

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/user"
)

// SupportFacts are those that the support service follows.
var SupportFacts = []event.Declaration{user.ErasedFact.Declaration, order.ErasedFact.Declaration}

// Erased is whose personal data is gone: an account's with all its orders, or one order's. One
// of the two is set.
type Erased struct{ Account, Order string }

// Support returns whose personal data is gone. Its error is a fault of kind bug.
func Support(e event.Event) (Erased, error) {
	if e.Type == order.ErasedFact.Type() {
		d, err := order.ErasedFact.Read(e)
		return Erased{Order: d.Order}, err //nolint:wrapcheck // a fault
	}
	d, err := user.ErasedFact.Read(e)
	return Erased{Account: d.Account}, err //nolint:wrapcheck // a fault
}
