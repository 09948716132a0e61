// Package posting is double-entry bookkeeping: posting sets that sum to zero, and the
// balances that they add up to.
package posting

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Unbalanced is the code of a posting set that does not sum to zero. It is recorded,
// so it never changes.
const Unbalanced fault.Code = "LEDGER_UNBALANCED"

// Account is an account of the ledger.
type Account string

// The accounts. The first two are a memo pair: held money is not ours yet, but it
// must be accounted for as exactly as captured money.
const (
	// FundsHeld is the money that authorizations hold for us (debit), FundsHeldContra
	// its other side (credit).
	FundsHeld       Account = "funds_held"
	FundsHeldContra Account = "funds_held_contra"
	// ProviderReceivable is money that the provider captured and owes us (debit).
	ProviderReceivable Account = "provider_receivable"
	// Revenue is the money that customers paid (credit), Refunds the money paid back to
	// them (debit).
	Revenue Account = "revenue"
	Refunds Account = "refunds"
)

// Kind is the event that a posting set records.
type Kind string

// The kinds of posting sets. A payment has at most one of each, except for refunds.
const (
	Hold    Kind = "hold"
	Release Kind = "release"
	Capture Kind = "capture"
	Refund  Kind = "refund"
)

// Line is one side of a posting set: a debit if the amount is positive, a
// credit if it is negative.
type Line struct {
	Account Account
	Amount  money.Amount
}

// Set records one event of one payment. The ledger is append-only: a mistake
// is corrected by another set, never by a change. The zero Set records
// nothing.
type Set struct {
	ID        string // UUIDv7, given when it is stored
	PaymentID string
	Kind      Kind
	Lines     []Line
	CreatedAt time.Time
}

// Check fails with LEDGER_UNBALANCED, a bug, unless s sums to zero per currency and
// has no line of zero and no account twice per currency.
func (s Set) Check() error {
	sums := map[money.Currency]money.Amount{}
	seen := map[Balance]bool{}
	for _, l := range s.Lines {
		b := Balance{Account: l.Account, Currency: l.Amount.Currency}
		if l.Amount.IsZero() || seen[b] {
			return fault.Errorf(fault.Bug, Unbalanced, "a %s set books nothing or twice on %s", s.Kind, l.Account)
		}
		seen[b] = true
		if err := accumulate(sums, l.Amount.Currency, l.Amount); err != nil {
			return err
		}
	}
	for currency, sum := range sums {
		if !sum.IsZero() {
			return fault.Errorf(fault.Bug, Unbalanced, "a %s set is off by %d %s", s.Kind, sum.Minor, currency)
		}
	}
	return nil
}

// Balance identifies a sum of [Balances].
type Balance struct {
	Account  Account
	Currency money.Currency
}

// Balances sums a ledger per account and currency. It fails with
// [money.Overflow] and, if a set does not balance, with LEDGER_UNBALANCED.
func Balances(ledger []Set) (map[Balance]money.Amount, error) {
	balances := map[Balance]money.Amount{}
	for _, set := range ledger {
		if err := set.Check(); err != nil {
			return nil, err
		}
		for _, l := range set.Lines {
			b := Balance{Account: l.Account, Currency: l.Amount.Currency}
			if err := accumulate(balances, b, l.Amount); err != nil {
				return nil, err
			}
		}
	}
	return balances, nil
}

func accumulate[K comparable](sums map[K]money.Amount, k K, a money.Amount) error {
	sum, ok := sums[k]
	if !ok {
		sum = money.New(0, a.Currency)
	}
	sum, err := sum.Add(a)
	if err != nil {
		return err
	}
	sums[k] = sum
	return nil
}

// Move returns the two lines that move a from one account to another.
func Move(a money.Amount, from, to Account) []Line {
	return []Line{{Account: to, Amount: a}, {Account: from, Amount: a.Neg()}}
}
