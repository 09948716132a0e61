package payment

import (
	"fmt"

	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment/provider"
)

// barrier judges what the barrier has of one key by itself, and beside the row
// that must go with it. What is not done and not undone may have none: what was
// refused before the provider was asked has left nothing.
func (c *comparison) barrier(r Recorded) {
	f, known := c.fact(r.Key.Saga, r.At), c.known[r.Key.String()]
	switch {
	case !known && (r.Progress == ledger.Done || r.Progress == ledger.Intent):
		c.wrong(f, r.Key.Step, r.Progress, "nothing recorded")
	case !known && r.Progress == ledger.Undone:
		f.undone(r.Key.Step, r.Key.Step+": it was undone, and we have nothing that could have been taken back")
	case r.Other == "":
	case r.Progress == ledger.Undone:
		f.undone(r.Key.Step, r.Key.Step+": it was undone, but not as it had been done: "+r.Other)
	default:
		f.Answers = append(f.Answers, r.Key.Step+": "+r.Other)
	}
}

// takenBack says in words how a payment of which nothing is held any more was not
// taken back exactly: what is undone had been there, as it was, and what was
// refused or is blocked had not. An authorization is one line with one state, so
// there is no letting go of it twice.
func takenBack(p *Payment, l provider.Effect, r Recorded) string {
	let := l.State == provider.Voided || l.State == provider.Expired
	switch {
	case r.Progress == ledger.Undone && (!let || l.Amount != p.Amount):
		return fmt.Sprintf("%s: our payment of %s was taken back, %s", p.Key.Step, p.Amount, saysOf(l))
	case r.Progress == ledger.Undone && p.ProviderReference != "" && l.Reference != p.ProviderReference:
		return fmt.Sprintf("%s: our payment %s was taken back, the provider's is %s", p.Key.Step, p.ProviderReference, l.Reference)
	case (r.Progress == ledger.Blocked || r.Progress == ledger.Refused) && let:
		return fmt.Sprintf("%s: our payment of %s never came to be, its barrier is %s, %s", p.Key.Step, p.Amount, r.Progress, saysOf(l))
	}
	return ""
}

func (f *Fact) undone(step, what string) {
	f.Undone = append(f.Undone, Difference{Step: step, What: what})
}
