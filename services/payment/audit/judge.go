package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/payment"
)

// MoneyAddsUp is the invariant that ledger, provider and orders agree on money.
const MoneyAddsUp audit.Invariant = "I1"

// The kinds of findings about money.
const (
	MoneyHeld     audit.Kind = "money_held"      // a decided order holds money
	MoneyTaken    audit.Kind = "money_taken"     // a cancelled order has not got all its money back
	MoneyNotTaken audit.Kind = "money_not_taken" // a confirmed order has not paid
	MoneyAmount   audit.Kind = "money_amount"    // a confirmed order has not paid its total
	HeldTwice     audit.Kind = "held_twice"      // the provider has two live authorizations
	TakenTwice    audit.Kind = "taken_twice"     // money was captured twice
	ProviderBook  audit.Kind = "provider_book"   // the provider's book differs from ours
	Ledger        audit.Kind = "ledger"          // the ledger as a whole does not add up
)

// Kinds lists the kinds.
var Kinds = []audit.Kind{MoneyHeld, MoneyTaken, MoneyNotTaken, MoneyAmount, HeldTwice, TakenTwice, ProviderBook, Ledger}

// Paid reports whether either book has a capture, refunded or not: one of nothing
// counts, because the saga is past its pivot.
func (f Fact) Paid() bool { return f.Ours.Captures > 0 || f.Provider.Captures > 0 || f.Nothing }

// Judge implements [audit.Fact].
func (f Fact) Judge(o audit.Order) (all audit.Findings) {
	switch o.Status {
	case audit.Pending:
	case audit.Confirmed:
		f.confirmed(o, &all)
	case audit.Cancelled:
		f.cancelled(o, &all)
	}
	if o.Decided() {
		f.books(o, &all)
	}
	f.twice(&all)
	return all
}

// confirmed judges the money of an order that paid its total, once.
func (f Fact) confirmed(o audit.Order, all *audit.Findings) {
	for _, h := range f.Holds {
		all.Add(audit.NoOrphan, MoneyHeld, false, "%s, and it is confirmed", h)
	}
	free := o.Currency != "" && o.Total == 0
	switch {
	case free && f.Nothing && f.Ours.Captures == 0:
	case free && f.Ours.Captures == 0:
		all.Add(MoneyAddsUp, MoneyNotTaken, false, "it is confirmed, but its capture of nothing is not recorded")
	case f.Ours.Captures == 0:
		all.Add(MoneyAddsUp, MoneyNotTaken, false, "it is confirmed, but nothing was taken")
	case f.Ours.Captured != o.Total || string(f.Ours.Currency) != o.Currency:
		all.Add(MoneyAddsUp, MoneyAmount, false, "%s was taken, its total is %s", f.Ours, total(o))
	}
}

// cancelled judges the money of an order that got all of it back.
func (f Fact) cancelled(o audit.Order, all *audit.Findings) {
	for _, h := range f.Holds {
		if !o.Waives(h.Step) {
			all.Add(audit.NoOrphan, MoneyHeld, o.Resumable && h.Undoable, "%s, and it is cancelled%s", h, audit.NothingToUndo(h.Undoable))
		}
	}
	if f.Ours.Captured > f.Ours.Refunded || f.Provider.Captured > f.Provider.Refunded {
		all.Add(MoneyAddsUp, MoneyTaken, false, "it is cancelled, but %s was taken by our books and %s by the provider's", f.Ours, f.Provider)
	}
	if f.Nothing {
		all.Add(audit.LegalHistory, audit.Barrier, false, "it is cancelled, but its capture of nothing is done")
	}
}

// books judges whether our rows agree with the barrier and the provider.
func (f Fact) books(o audit.Order, all *audit.Findings) {
	all.Texts(audit.LegalHistory, audit.Barrier, f.Wrong)
	for _, step := range f.Open {
		all.Add(audit.LegalHistory, audit.Barrier, false, "%s was begun and never concluded", step)
	}
	all.Differences(o, MoneyAddsUp, ProviderBook, f.Differ)
	all.Differences(o, audit.ExactUndo, audit.Undo, f.Undone)
	all.Texts(audit.OneAnswer, audit.Answer, f.Answers)
	all.Telling(f.Telling)
}

// twice judges effects that no order may have twice, whatever its status.
func (f Fact) twice(all *audit.Findings) {
	if n := max(f.Ours.Captures, f.Provider.Captures); n > 1 {
		all.Add(audit.AtMostOnce, TakenTwice, false, "money was taken %d times by our books and %d times by the provider's: %s and %s",
			f.Ours.Captures, f.Provider.Captures, f.Ours, f.Provider)
	}
	if f.Ours.Refunded > f.Ours.Captured || f.Provider.Refunded > f.Provider.Captured {
		all.Add(audit.ExactUndo, audit.Undo, false, "more was paid back than was taken: by our books %s, by the provider's %s",
			f.Ours.balance(), f.Provider.balance())
	}
	live := 0
	for _, h := range f.Holds {
		if h.Provider {
			live++
		}
	}
	if live > 1 {
		all.Add(audit.AtMostOnce, HeldTwice, false, "the provider holds money %d times", live)
	}
}

// Trace implements [audit.Fact].
func (f Fact) Trace() (since time.Time, what []string) {
	for _, h := range f.Holds {
		what = append(what, h.Amount.String()+" held")
	}
	if !f.Ours.IsZero() || !f.Provider.IsZero() {
		what = append(what, fmt.Sprintf("%s taken by our books, %s by the provider's", f.Ours, f.Provider))
	}
	for _, d := range slices.Concat(f.Differ, f.Undone) {
		what = append(what, d.What)
	}
	return f.Since, what
}

// ID implements [audit.Fact].
func (f Fact) ID() string { return f.Saga }

// String describes the hold.
func (h HoldFact) String() string {
	whose := "by our books only"
	if h.Provider {
		whose = "at the provider"
	}
	if h.Provider && h.Ours != payment.Authorized {
		whose = "at the provider only"
	}
	return fmt.Sprintf("%s is held by %s %s", h.Amount, h.Step, whose)
}

// String describes the money that was taken and not paid back.
func (t Taken) String() string {
	if t.Currency == "" {
		return "nothing"
	}
	return money.New(t.Captured-t.Refunded, t.Currency).String()
}

func (t Taken) balance() string {
	return fmt.Sprintf("%s of %s", money.New(t.Refunded, t.Currency), money.New(t.Captured, t.Currency))
}

func total(o audit.Order) string {
	if o.Currency == "" {
		return "not there"
	}
	return money.New(o.Total, money.Currency(o.Currency)).String()
}
