package posting_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment/posting"
)

func line(account posting.Account, minor int64, currency money.Currency) posting.Line {
	return posting.Line{Account: account, Amount: money.New(minor, currency)}
}

func TestPostingSet(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		lines []posting.Line
		code  fault.Code
	}{
		"BalancesPerCurrency": {lines: []posting.Line{
			line(posting.Revenue, -5, "EUR"), line(posting.ProviderReceivable, 5, "EUR"),
			line(posting.Revenue, -7, "USD"), line(posting.ProviderReceivable, 7, "USD"),
		}},
		"RefusesASumThatIsNotZero": {code: posting.Unbalanced, lines: []posting.Line{
			line(posting.Revenue, -5, "EUR"), line(posting.ProviderReceivable, 6, "EUR"),
		}},
		"RefusesToMixCurrencies": {code: posting.Unbalanced, lines: []posting.Line{
			line(posting.Revenue, -5, "EUR"), line(posting.ProviderReceivable, 5, "USD"),
		}},
		"RefusesALineOfZero": {code: posting.Unbalanced, lines: []posting.Line{
			line(posting.Revenue, 0, "EUR"), line(posting.ProviderReceivable, 0, "EUR"),
		}},
		"RefusesAnAccountTwice": {code: posting.Unbalanced, lines: []posting.Line{
			line(posting.Revenue, 5, "EUR"), line(posting.Revenue, -5, "EUR"),
		}},
		"RefusesToOverflow": {code: money.Overflow, lines: []posting.Line{
			line(posting.Revenue, math.MaxInt64, "EUR"), line(posting.ProviderReceivable, math.MaxInt64, "EUR"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.code, fault.CodeOf(posting.Set{Kind: posting.Capture, Lines: c.lines}.Check()))
		})
	}
}

func TestBalances(t *testing.T) {
	t.Parallel()

	t.Run("AddUpPerAccountAndCurrency", func(t *testing.T) {
		t.Parallel()
		got, err := posting.Balances([]posting.Set{
			{Lines: []posting.Line{line(posting.Revenue, -5, "EUR"), line(posting.ProviderReceivable, 5, "EUR")}},
			{Lines: []posting.Line{line(posting.Revenue, -7, "EUR"), line(posting.ProviderReceivable, 7, "EUR")}},
		})
		require.NoError(t, err)
		require.Equal(t, map[posting.Balance]money.Amount{
			{Account: posting.Revenue, Currency: "EUR"}:            money.New(-12, "EUR"),
			{Account: posting.ProviderReceivable, Currency: "EUR"}: money.New(12, "EUR"),
		}, got)
	})

	t.Run("RefuseALedgerWithAnUnbalancedSet", func(t *testing.T) {
		t.Parallel()
		_, err := posting.Balances([]posting.Set{{Lines: []posting.Line{line(posting.Revenue, 1, "EUR")}}})
		require.Equal(t, posting.Unbalanced, fault.CodeOf(err))
	})

	t.Run("OfTwoLinesThatDoNotCancelOutNeverPass", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			a := rapid.Int64().Draw(t, "debit")
			b := rapid.OneOf(rapid.Just(-a), rapid.Int64()).Draw(t, "credit")
			set := posting.Set{Lines: []posting.Line{line(posting.Revenue, a, "EUR"), line(posting.Refunds, b, "EUR")}}
			balanced := a != 0 && b != 0 && a == -b && a != math.MinInt64
			require.Equal(t, balanced, set.Check() == nil)
		})
	})
}
