package compare

import (
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/transfer"
)

// rule names what must accompany one of our rows in one state.
type rule struct {
	// barrier lists the states that the step's entry may have.
	barrier []ledger.State
	// is lists the states that the provider's line may have, with our amount and
	// reference; not lists those that it must not have. Both empty: any line fits,
	// as neither book is known to be ahead.
	is, not []provider.State
}

// authorizations has the rules of payments. A hold that the provider let expire
// may still be authorized here; one that never came to be is voided here, and its
// key is blocked.
var authorizations = map[payment.State]rule{
	payment.Intent:     {barrier: []ledger.State{ledger.Intent}},
	payment.Authorized: {barrier: []ledger.State{ledger.Done}, is: []provider.State{provider.Authorized, provider.Expired}},
	payment.Captured:   {barrier: []ledger.State{ledger.Done}, is: []provider.State{provider.Captured}},
	payment.Refunded:   {barrier: []ledger.State{ledger.Done}, is: []provider.State{provider.Captured}},
	payment.Declined:   {barrier: []ledger.State{ledger.Refused}, not: []provider.State{provider.Authorized, provider.Captured}},
	payment.Voided:     {barrier: []ledger.State{ledger.Undone, ledger.Blocked}, not: []provider.State{provider.Authorized, provider.Captured}},
}

// transfers has the rules of captures and refunds.
var transfers = map[transfer.Kind]map[transfer.State]rule{
	transfer.Capture: transferRules(provider.Captured),
	transfer.Refund:  transferRules(provider.Refunded),
}

// transferRules returns the rules of transfers after which the provider's line is
// in state moved.
func transferRules(moved provider.State) map[transfer.State]rule {
	return map[transfer.State]rule{
		transfer.Intent:   {barrier: []ledger.State{ledger.Intent}},
		transfer.Done:     {barrier: []ledger.State{ledger.Done}, is: []provider.State{moved}},
		transfer.Declined: {barrier: []ledger.State{ledger.Refused}, not: []provider.State{moved}},
		transfer.Blocked:  {barrier: []ledger.State{ledger.Blocked}, not: []provider.State{moved}},
	}
}

// row is a payment or a transfer as the comparison sees it.
type row struct {
	key       key.Key
	noun      string // for words
	state     string
	amount    money.Amount
	reference string // at the provider; empty if nothing happened there
	at        time.Time
}

// compare joins our rows, the barrier's entries and the provider's lines by key,
// and returns one fact per saga.
func compare(ours Books, lines []provider.Effect) []paymentaudit.Fact {
	c := comparison{
		of: map[string]int{}, recorded: map[string]audit.Recorded{}, lines: map[string]provider.Effect{}, known: map[string]bool{},
		nothing: ours.Nothing,
	}
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
	facts    []paymentaudit.Fact
	of       map[string]int             // saga -> index of its fact
	recorded map[string]audit.Recorded  // by the provider's key
	lines    map[string]provider.Effect // by the provider's key
	known    map[string]bool            // provider's keys that have a row of ours
	nothing  map[key.Key]money.Amount   // captures of nothing
}

// fact returns the saga's fact, given a trace of the time at.
func (c *comparison) fact(saga string, at time.Time) *paymentaudit.Fact {
	i, ok := c.of[saga]
	if !ok {
		i = len(c.facts)
		c.of[saga], c.facts = i, append(c.facts, paymentaudit.Fact{Saga: saga, Since: at})
	}
	f := &c.facts[i]
	if !at.IsZero() && (f.Since.IsZero() || at.Before(f.Since)) {
		f.Since = at
	}
	return f
}

// row compares one row with its line and its entry, and returns both. It reports
// whether the line agrees.
func (c *comparison) row(o row, rule rule) (f *paymentaudit.Fact, l provider.Effect, r audit.Recorded, agree bool) {
	k := o.key.String()
	c.known[k] = true
	f, l, r = c.fact(o.key.Saga, o.at), c.lines[k], c.recorded[k]
	agree = !slices.Contains(rule.not, l.State)
	if len(rule.is) > 0 {
		agree = slices.Contains(rule.is, l.State) && l.Amount == o.amount && l.Reference == o.reference
	}
	if !agree {
		differ(f, o.key.Step, fmt.Sprintf("our %s of %s is %s", o.noun, o.amount, o.state), o.reference, l)
	}
	if !slices.Contains(rule.barrier, r.State) {
		wrong(f, o.key.Step, r.State, fmt.Sprintf("the %s is %s", o.noun, o.state))
	}
	return f, l, r, agree
}

func (c *comparison) payment(p *payment.Payment) {
	f, l, r, agree := c.row(row{p.Key, "payment", string(p.State), p.Amount, p.ProviderReference, p.CreatedAt}, authorizations[p.State])
	held := l.Kind == provider.KindAuthorization && l.State == provider.Authorized
	if held || p.State == payment.Authorized || p.State == payment.Intent {
		f.Holds = append(f.Holds, paymentaudit.HoldFact{
			Step: p.Key.Step, Ours: p.State, Provider: held, Amount: p.Amount, Undoable: r.State.Undoable(),
		})
	}
	f.Asked = append(f.Asked, p.Amount)
	if agree && (p.State == payment.Voided || p.State == payment.Declined) {
		takenBack(f, p, l, r)
	}
}

func (c *comparison) transfer(t *transfer.Transfer) {
	f, _, _, _ := c.row(row{t.Key, string(t.Kind), string(t.State), t.Amount, t.ProviderReference, t.CreatedAt}, transfers[t.Kind][t.State])
	switch {
	case t.State == transfer.Done:
		f.Ours.Add(t.Kind == transfer.Capture, t.Amount)
	case t.State == transfer.Intent && t.Kind == transfer.Capture:
		f.Open = append(f.Open, t.Key.Step)
	}
}

// line sums up the provider's side, and finds lines without a row of ours.
func (c *comparison) line(l provider.Effect) {
	f, known := c.fact(sagaOf(l.Key), time.Time{}), c.known[l.Key]
	switch {
	case l.Kind == provider.KindCapture && l.State == provider.Captured:
		f.Provider.Add(true, l.Amount)
		f.Blind = f.Blind || !c.recorded[l.Key].State.Undoable()
	case l.Kind == provider.KindRefund && l.State == provider.Refunded:
		f.Provider.Add(false, l.Amount)
	case l.State == provider.Authorized && !known:
		f.Holds = append(f.Holds, paymentaudit.HoldFact{Step: stepOf(l.Key), Provider: true, Amount: l.Amount})
	case l.State == provider.Authorized, l.State == provider.Captured: // compared with our payment
	case !known && (l.State == provider.Voided || l.State == provider.Expired):
		undone(f, stepOf(l.Key), named(l.Key)+": "+inWords(l)+", and we have nothing that could have been taken back")
		return
	default:
		return // declined: nothing is there
	}
	if !known {
		differ(f, stepOf(l.Key), "we have nothing", "", l)
	}
}
