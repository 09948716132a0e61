package reactions

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/services/user"
)

// SupportFacts are those that the support service follows.
var SupportFacts = []event.Declaration{user.ErasedFact.Declaration}

// Support returns the account that is erased. Its error is a fault of kind bug.
func Support(e event.Event) (account string, err error) {
	d, err := user.ErasedFact.Read(e)
	return d.Account, err //nolint:wrapcheck // a fault
}
