package orders

import (
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
)

// booking is one line of the ledger of an order.
type booking struct {
	At             time.Time
	Event, Account string
	Debit, Credit  *contract.Money // one of them
}

// ledgerOf returns the lines of posting sets, which are in order.
func ledgerOf(sets []contract.PostingSet) (all []booking) {
	for _, set := range sets {
		for _, l := range set.Lines {
			b := booking{At: set.At, Event: set.Kind, Account: strings.ReplaceAll(l.Account, "_", " ")}
			if l.Amount.Amount < 0 {
				b.Credit = &contract.Money{Amount: -l.Amount.Amount, Currency: l.Amount.Currency}
			} else {
				b.Debit = &l.Amount
			}
			all = append(all, b)
		}
	}
	return all
}
