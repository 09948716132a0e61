package reactions

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/user"
)

// SupportFacts are those that the support service follows.
var SupportFacts = []event.Declaration{user.ErasedFact.Declaration, erased.Fact.Declaration}

// Erased is whose personal data is gone: an account's with all its orders, or one order's. One
// of the two is set.
type Erased struct{ Account, Order string }

// Support returns whose personal data is gone. Its error is a fault of kind bug.
func Support(e event.Event) (Erased, error) {
	if e.Type == erased.Fact.Type() {
		d, err := erased.Fact.Read(e)
		return Erased{Order: d.Order}, err //nolint:wrapcheck // a fault
	}
	d, err := user.ErasedFact.Read(e)
	return Erased{Account: d.Account}, err //nolint:wrapcheck // a fault
}

// Erasures returns the accounts and the orders of [Support] for each event.
func Erasures(events []event.Event) (accounts, orders []string, err error) {
	for _, e := range events {
		switch gone, err := Support(e); {
		case err != nil:
			return nil, nil, err
		case gone.Account != "":
			accounts = append(accounts, gone.Account)
		default:
			orders = append(orders, gone.Order)
		}
	}
	return accounts, orders, nil
}
