package compare

import (
	"fmt"
	"strings"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/payment/provider"
)

// barrier judges an entry by itself and by the row that must accompany it. Only
// an effect that is there, or was undone, needs a row: a step that was refused
// before the provider was asked has left none, and neither has a capture of nothing.
func (c *comparison) barrier(r audit.Recorded) {
	f, known := c.fact(r.Key.Saga, r.At), c.known[r.Key.String()]
	amount, nothing := c.nothing[r.Key]
	switch {
	case !known && nothing:
		f.Nothing, f.Asked = true, append(f.Asked, amount)
	case !known && r.State.Undoable():
		wrong(f, r.Key.Step, r.State, "nothing recorded")
	case !known && r.State == ledger.Undone:
		undone(f, r.Key.Step, r.Key.Step+": it was undone, and we have nothing that could have been taken back")
	case r.Other == "":
	case r.State == ledger.Undone:
		undone(f, r.Key.Step, r.Key.Step+": it was undone, but not as it had been done: "+r.Other)
	default:
		f.Answers = append(f.Answers, r.Key.Step+": "+r.Other)
	}
}

// takenBack judges a payment that holds nothing any more: an undone one was there
// as recorded, a refused or blocked one was not. An authorization is one line with
// one state at the provider, so letting go of it twice leaves no trace.
func takenBack(f *paymentaudit.Fact, p *payment.Payment, l provider.Effect, r audit.Recorded) {
	let := l.State == provider.Voided || l.State == provider.Expired
	var why string
	switch {
	case r.State == ledger.Undone && (!let || l.Amount != p.Amount):
		why = fmt.Sprintf("our payment of %s was taken back, %s", p.Amount, inWords(l))
	case r.State == ledger.Undone && p.ProviderReference != "" && l.Reference != p.ProviderReference:
		why = fmt.Sprintf("our payment %s was taken back, the provider's is %s", p.ProviderReference, l.Reference)
	case (r.State == ledger.Blocked || r.State == ledger.Refused) && let:
		why = fmt.Sprintf("our payment of %s never came to be, its barrier is %s, %s", p.Amount, r.State, inWords(l))
	default:
		return
	}
	undone(f, p.Key.Step, p.Key.Step+": "+why)
}

func undone(f *paymentaudit.Fact, step, what string) {
	f.Undone = append(f.Undone, audit.Difference{Step: step, What: what})
}

func wrong(f *paymentaudit.Fact, step string, got ledger.State, what string) {
	if got == "" {
		got = "not there"
	}
	f.Wrong = append(f.Wrong, fmt.Sprintf("%s: %s, its barrier is %s", step, what, got))
}

// differ adds a difference between ours, described in words, and the provider's
// line. If ours has a reference and the line another one, both are named.
func differ(f *paymentaudit.Fact, step, ours, reference string, l provider.Effect) {
	theirs := inWords(l)
	if reference != "" && l.Key != "" && l.Reference != reference {
		ours, theirs = ours+" as "+reference, theirs+" as "+l.Reference
	}
	name := step
	if name == "" {
		name = named(l.Key)
	}
	f.Differ = append(f.Differ, audit.Difference{Step: step, What: name + ": " + ours + ", " + theirs})
}

// inWords describes a line of the provider's book; the zero line means none.
func inWords(l provider.Effect) string {
	if l.Key == "" {
		return "the provider has nothing"
	}
	return fmt.Sprintf("the provider's %s of %s is %s", l.Kind, l.Amount, l.State)
}

// sagaOf returns the saga of a provider's key, in the form of [key.Key.String]; a
// key that no saga made counts as a saga of its own.
func sagaOf(k string) string {
	saga, _, _ := strings.Cut(k, "/")
	return saga
}

// named returns the step of a provider's key, or the whole key if no saga made it.
func named(k string) string {
	if step := stepOf(k); step != "" {
		return step
	}
	return k
}

// stepOf returns the step of a provider's key.
func stepOf(k string) string {
	_, step, _ := strings.Cut(k, "/")
	step, _, _ = strings.Cut(step, "#")
	return step
}
