package payment_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment"
)

func line(account payment.Account, minor int64, currency money.Currency) payment.Line {
	return payment.Line{Account: account, Amount: money.New(minor, currency)}
}

func TestPostingSet(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		lines []payment.Line
		code  fault.Code
	}{
		"BalancesPerCurrency": {lines: []payment.Line{
			line(payment.Revenue, -5, "EUR"), line(payment.ProviderReceivable, 5, "EUR"),
			line(payment.Revenue, -7, "USD"), line(payment.ProviderReceivable, 7, "USD"),
		}},
		"RefusesASumThatIsNotZero": {code: payment.Unbalanced, lines: []payment.Line{
			line(payment.Revenue, -5, "EUR"), line(payment.ProviderReceivable, 6, "EUR"),
		}},
		"RefusesToMixCurrencies": {code: payment.Unbalanced, lines: []payment.Line{
			line(payment.Revenue, -5, "EUR"), line(payment.ProviderReceivable, 5, "USD"),
		}},
		"RefusesALineOfZero": {code: payment.Unbalanced, lines: []payment.Line{
			line(payment.Revenue, 0, "EUR"), line(payment.ProviderReceivable, 0, "EUR"),
		}},
		"RefusesAnAccountTwice": {code: payment.Unbalanced, lines: []payment.Line{
			line(payment.Revenue, 5, "EUR"), line(payment.Revenue, -5, "EUR"),
		}},
		"RefusesToOverflow": {code: money.Overflow, lines: []payment.Line{
			line(payment.Revenue, math.MaxInt64, "EUR"), line(payment.ProviderReceivable, math.MaxInt64, "EUR"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.code, fault.CodeOf(payment.PostingSet{Kind: payment.PostCapture, Lines: c.lines}.Check()))
		})
	}
}

func TestBalances(t *testing.T) {
	t.Parallel()

	t.Run("AddUpPerAccountAndCurrency", func(t *testing.T) {
		t.Parallel()
		got, err := payment.Balances([]payment.PostingSet{
			{Lines: []payment.Line{line(payment.Revenue, -5, "EUR"), line(payment.ProviderReceivable, 5, "EUR")}},
			{Lines: []payment.Line{line(payment.Revenue, -7, "EUR"), line(payment.ProviderReceivable, 7, "EUR")}},
		})
		require.NoError(t, err)
		require.Equal(t, map[payment.Balance]money.Amount{
			{Account: payment.Revenue, Currency: "EUR"}:            money.New(-12, "EUR"),
			{Account: payment.ProviderReceivable, Currency: "EUR"}: money.New(12, "EUR"),
		}, got)
	})

	t.Run("RefuseALedgerWithAnUnbalancedSet", func(t *testing.T) {
		t.Parallel()
		_, err := payment.Balances([]payment.PostingSet{{Lines: []payment.Line{line(payment.Revenue, 1, "EUR")}}})
		require.Equal(t, payment.Unbalanced, fault.CodeOf(err))
	})

	t.Run("OfTwoLinesThatDoNotCancelOutNeverPass", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			a := rapid.Int64().Draw(t, "debit")
			b := rapid.OneOf(rapid.Just(-a), rapid.Int64()).Draw(t, "credit")
			set := payment.PostingSet{Lines: []payment.Line{line(payment.Revenue, a, "EUR"), line(payment.Refunds, b, "EUR")}}
			balanced := a != 0 && b != 0 && a == -b && a != math.MinInt64
			require.Equal(t, balanced, set.Check() == nil)
		})
	})
}
