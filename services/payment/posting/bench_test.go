package posting_test

import (
	"strconv"
	"testing"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment/posting"
)

// BenchmarkBalances sums up a ledger of a thousand captured payments, which checks
// every set.
func BenchmarkBalances(b *testing.B) {
	const payments = 1000
	var ledger []posting.Set
	for i := range payments {
		amount := money.New(int64(100+i), []money.Currency{"EUR", "USD", "JPY"}[i%3])
		set := func(kind posting.Kind, debit, credit posting.Account) posting.Set {
			return posting.Set{PaymentID: strconv.Itoa(i), Kind: kind, Lines: []posting.Line{
				{Account: debit, Amount: amount}, {Account: credit, Amount: amount.Neg()},
			}}
		}
		ledger = append(ledger,
			set(posting.Hold, posting.FundsHeld, posting.FundsHeldContra),
			set(posting.Release, posting.FundsHeldContra, posting.FundsHeld),
			set(posting.Capture, posting.ProviderReceivable, posting.Revenue))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := posting.Balances(ledger); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck checks one posting set, which every change of a payment does.
func BenchmarkCheck(b *testing.B) {
	amount := money.New(12600, "EUR")
	set := posting.Set{Kind: posting.Capture, Lines: []posting.Line{
		{Account: posting.ProviderReceivable, Amount: amount}, {Account: posting.Revenue, Amount: amount.Neg()},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if err := set.Check(); err != nil {
			b.Fatal(err)
		}
	}
}
