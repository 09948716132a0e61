package payment_test

import (
	"strconv"
	"testing"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment"
)

// BenchmarkBalances sums up a ledger of a thousand captured payments, which checks
// every set.
func BenchmarkBalances(b *testing.B) {
	const payments = 1000
	var ledger []payment.PostingSet
	for i := range payments {
		amount := money.New(int64(100+i), []money.Currency{"EUR", "USD", "JPY"}[i%3])
		set := func(kind payment.PostingKind, debit, credit payment.Account) payment.PostingSet {
			return payment.PostingSet{PaymentID: strconv.Itoa(i), Kind: kind, Lines: []payment.Line{
				{Account: debit, Amount: amount}, {Account: credit, Amount: amount.Neg()},
			}}
		}
		ledger = append(ledger,
			set(payment.PostHold, payment.FundsHeld, payment.FundsHeldContra),
			set(payment.PostRelease, payment.FundsHeldContra, payment.FundsHeld),
			set(payment.PostCapture, payment.ProviderReceivable, payment.Revenue))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := payment.Balances(ledger); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck checks one posting set, which every change of a payment does.
func BenchmarkCheck(b *testing.B) {
	amount := money.New(12600, "EUR")
	set := payment.PostingSet{Kind: payment.PostCapture, Lines: []payment.Line{
		{Account: payment.ProviderReceivable, Amount: amount}, {Account: payment.Revenue, Amount: amount.Neg()},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if err := set.Check(); err != nil {
			b.Fatal(err)
		}
	}
}
