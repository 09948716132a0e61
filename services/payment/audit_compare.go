package payment

import (
	"fmt"
	"strings"
	"time"

	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment/provider"
)

// compare joins our rows, the barrier's and the provider's by key, and returns
// what each saga has.
func compare(ours Books, lines []provider.Effect) []Fact {
	c := comparison{of: map[string]int{}, recorded: map[string]Recorded{}, lines: map[string]provider.Effect{}, known: map[string]bool{}}
	for _, r := range ours.Recorded {
		c.fact(r.Key.Saga, r.At)
		c.recorded[r.Key.String()] = r
	}
	for _, l := range lines {
		c.lines[l.Key] = l
	}
	for i := range ours.Payments {
		c.payment(&ours.Payments[i])
	}
	for i := range ours.Transfers {
		c.transfer(&ours.Transfers[i])
	}
	for _, r := range ours.Recorded {
		c.barrier(r)
	}
	for _, l := range lines {
		c.line(l)
	}
	return c.facts
}

type comparison struct {
	facts    []Fact
	of       map[string]int             // saga -> index of its fact
	recorded map[string]Recorded        // by the provider's key
	lines    map[string]provider.Effect // by the provider's key
	known    map[string]bool            // provider's keys that have a row of ours
}

// fact returns the saga's fact, which has a trace of the given time.
func (c *comparison) fact(saga string, at time.Time) *Fact {
	i, ok := c.of[saga]
	if !ok {
		i = len(c.facts)
		c.of[saga], c.facts = i, append(c.facts, Fact{Saga: saga, Since: at})
	}
	f := &c.facts[i]
	if !at.IsZero() && (f.Since.IsZero() || at.Before(f.Since)) {
		f.Since = at
	}
	return f
}

func (c *comparison) payment(p *Payment) {
	k := p.Key.String()
	c.known[k] = true
	f, l, r := c.fact(p.Key.Saga, p.CreatedAt), c.lines[k], c.recorded[k]
	held := l.Kind == provider.KindAuthorization && l.State == provider.Authorized
	if held || p.State == Authorized || p.State == Intent {
		f.Holds = append(f.Holds, HoldFact{
			Step: p.Key.Step, Ours: p.State, Provider: held, Amount: p.Amount,
			Undoable: r.Progress == ledger.Intent || r.Progress == ledger.Done,
		})
	}
	f.Asked = append(f.Asked, p.Amount)
	agree := true
	switch p.State {
	case Intent: // nobody knows yet
	case Authorized:
		agree = (held || l.State == provider.Expired) && l.Amount == p.Amount && l.Reference == p.ProviderReference
	case Captured, Refunded:
		agree = l.State == provider.Captured && l.Amount == p.Amount && l.Reference == p.ProviderReference
	case Voided, Declined:
		agree = !held && l.State != provider.Captured
		if why := takenBack(p, l, r); agree && why != "" {
			f.undone(p.Key.Step, why)
		}
	}
	if !agree {
		f.differ(p.Key.Step, fmt.Sprintf("our payment of %s is %s", p.Amount, p.State), p.ProviderReference, l)
	}
	// A hold that never came to be is voided too; then its key is blocked.
	if got, want := r.Progress, progressOf[p.State]; got != want && (p.State != Voided || got != ledger.Blocked) {
		c.wrong(f, p.Key.Step, got, "the payment is "+string(p.State))
	}
}

// progressOf is what the barrier has of an authorization whose payment is so.
var progressOf = map[State]ledger.State{
	Intent: ledger.Intent, Authorized: ledger.Done, Captured: ledger.Done, Refunded: ledger.Done, Declined: ledger.Refused, Voided: ledger.Undone,
}

func (c *comparison) transfer(t *Transfer) {
	k := t.Key.String()
	c.known[k] = true
	f, l, r := c.fact(t.Key.Saga, t.CreatedAt), c.lines[k], c.recorded[k]
	moved := l.State == provider.Captured
	if t.Kind == TransferRefund {
		moved = l.State == provider.Refunded
	}
	if t.State == TransferDone {
		f.Ours.Currency = t.Amount.Currency
		if t.Kind == TransferCapture {
			f.Ours.Captures++
			f.Ours.Captured += t.Amount.Minor
		} else {
			f.Ours.Refunded += t.Amount.Minor
		}
	}
	agree := true
	switch t.State {
	case TransferIntent: // nobody knows yet
		if t.Kind == TransferCapture {
			f.Open = append(f.Open, t.Key.Step)
		}
	case TransferDone:
		agree = moved && l.Amount == t.Amount && l.Reference == t.ProviderReference
	case TransferDeclined, TransferBlocked:
		agree = !moved
	}
	if !agree {
		f.differ(t.Key.Step, fmt.Sprintf("our %s of %s is %s", t.Kind, t.Amount, t.State), t.ProviderReference, l)
	}
	if got, want := r.Progress, transferProgress[t.State]; got != want {
		c.wrong(f, t.Key.Step, got, fmt.Sprintf("the %s is %s", t.Kind, t.State))
	}
}

// transferProgress is what the barrier has of a transfer that is so.
var transferProgress = map[TransferState]ledger.State{
	TransferIntent: ledger.Intent, TransferDone: ledger.Done, TransferDeclined: ledger.Refused, TransferBlocked: ledger.Blocked,
}

// line sums up the provider's side, and finds what it alone has.
func (c *comparison) line(l provider.Effect) {
	f := c.fact(sagaOf(l.Key), time.Time{})
	switch {
	case l.Kind == provider.KindCapture && l.State == provider.Captured:
		f.Provider.Captures++
		f.Provider.Captured += l.Amount.Minor
		f.Provider.Currency = l.Amount.Currency
		if r := c.recorded[l.Key]; r.Progress != ledger.Intent && r.Progress != ledger.Done {
			f.Blind = true
		}
	case l.Kind == provider.KindRefund && l.State == provider.Refunded:
		f.Provider.Refunded += l.Amount.Minor
		f.Provider.Currency = l.Amount.Currency
	case l.State == provider.Authorized && !c.known[l.Key]:
		f.Holds = append(f.Holds, HoldFact{Step: stepOf(l.Key), Provider: true, Amount: l.Amount})
	case l.State == provider.Authorized, l.State == provider.Captured: // seen with our payment
	case !c.known[l.Key] && (l.State == provider.Voided || l.State == provider.Expired):
		f.undone(stepOf(l.Key), named(l.Key)+": "+saysOf(l)+", and we have nothing that could have been taken back")
		return
	default:
		return // nothing is there
	}
	if !c.known[l.Key] {
		f.differ(stepOf(l.Key), "we have nothing", "", l)
	}
}

// differ notes that ours, which has a reference at the provider if it happened,
// is not the provider's line.
func (f *Fact) differ(step, ours, reference string, l provider.Effect) {
	theirs := saysOf(l)
	if reference != "" && l.Key != "" && l.Reference != reference {
		ours, theirs = ours+" as "+reference, theirs+" as "+l.Reference
	}
	name := step
	if name == "" {
		name = named(l.Key)
	}
	f.Differ = append(f.Differ, Difference{Step: step, What: name + ": " + ours + ", " + theirs})
}

// saysOf is a line of the provider's book in words; the zero line is none.
func saysOf(l provider.Effect) string {
	if l.Key == "" {
		return "the provider has nothing"
	}
	return fmt.Sprintf("the provider's %s of %s is %s", l.Kind, l.Amount, l.State)
}

func (c *comparison) wrong(f *Fact, step string, got ledger.State, what string) {
	if got == "" {
		got = "not there"
	}
	f.Wrong = append(f.Wrong, fmt.Sprintf("%s: %s, its barrier is %s", step, what, got))
}

// sagaOf is the saga of a provider's key, which [key.Key] has made; a stranger's
// key is its own.
func sagaOf(k string) string {
	saga, _, _ := strings.Cut(k, "/")
	return saga
}

// named is what a provider's key is called in words: its step, or all of it if it
// is a stranger's.
func named(k string) string {
	if step := stepOf(k); step != "" {
		return step
	}
	return k
}

// stepOf is the step of a provider's key.
func stepOf(k string) string {
	_, step, _ := strings.Cut(k, "/")
	step, _, _ = strings.Cut(step, "#")
	return step
}
