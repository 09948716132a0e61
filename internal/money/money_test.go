package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// minor draws amounts, small and at the edges more often than chance would.
func minor() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64(),
		rapid.Int64Range(-3, 3),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64 - 1, math.MaxInt64, math.MaxInt32, math.MinInt32}),
	)
}

// TestArithmeticIsExactOrRefuses compares with integers that have no limit.
func TestArithmeticIsExactOrRefuses(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]struct {
		checked func(a money.Amount, n int64) (money.Amount, error)
		exact   func(z, a, n *big.Int) *big.Int
	}{
		"Add": {func(a money.Amount, n int64) (money.Amount, error) { return a.Add(money.New(n, "EUR")) }, (*big.Int).Add},
		"Sub": {func(a money.Amount, n int64) (money.Amount, error) { return a.Sub(money.New(n, "EUR")) }, (*big.Int).Sub},
		"Mul": {money.Amount.Mul, (*big.Int).Mul},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				a, n := minor().Draw(t, "a"), minor().Draw(t, "n")
				want := op.exact(new(big.Int), big.NewInt(a), big.NewInt(n))
				got, err := op.checked(money.New(a, "EUR"), n)
				if !want.IsInt64() {
					require.Equal(t, money.Overflow, fault.CodeOf(err))
					require.Equal(t, fault.Business, fault.KindOf(err))
					require.Zero(t, got)
					return
				}
				require.NoError(t, err)
				require.Equal(t, money.New(want.Int64(), "EUR"), got)
			})
		})
	}
}

func TestSubTakesBackAdd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := money.New(minor().Draw(t, "a"), "EUR"), money.New(minor().Draw(t, "b"), "EUR")
		sum, err := a.Add(b)
		if err != nil {
			t.Skip("overflow")
		}
		back, err := sum.Sub(b)
		require.NoError(t, err)
		require.Equal(t, a, back)
		commuted, err := b.Add(a)
		require.NoError(t, err)
		require.Equal(t, sum, commuted)
	})
}

func TestCurrenciesDoNotMix(t *testing.T) {
	t.Parallel()
	euro, yen := money.New(1, "EUR"), money.New(math.MinInt64, "JPY")
	for name, mix := range map[string]func() (money.Amount, error){
		"Add": func() (money.Amount, error) { return euro.Add(yen) },
		"Sub": func() (money.Amount, error) { return euro.Sub(yen) },
	} {
		got, err := mix()
		require.Equal(t, money.CurrencyMismatch, fault.CodeOf(err), name)
		require.Zero(t, got)
	}
}

func TestNegAndIsZero(t *testing.T) {
	t.Parallel()
	require.Equal(t, money.New(-5, "EUR"), money.New(5, "EUR").Neg())
	require.True(t, money.New(0, "EUR").IsZero())
	require.False(t, money.New(-1, "EUR").IsZero())
	require.Equal(t, "-12.99 EUR", money.New(-1299, "EUR").String())
	require.Equal(t, "0.05 EUR", money.New(5, "EUR").String())
	require.Equal(t, "1299 JPY", money.New(1299, "JPY").String())
	require.Equal(t, "1.299 KWD", money.New(1299, "KWD").String())
	require.Equal(t, "-92233720368547758.08 USD", money.New(math.MinInt64, "USD").String())
}

func TestJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := money.New(minor().Draw(t, "minor"), "EUR")
		b, err := json.Marshal(want)
		require.NoError(t, err)
		var got money.Amount
		require.NoError(t, json.Unmarshal(b, &got))
		require.Equal(t, want, got)
	})
	b, err := json.Marshal(money.New(1299, "EUR"))
	require.NoError(t, err)
	require.JSONEq(t, `{"amount": 1299, "currency": "EUR"}`, string(b))
	var a money.Amount
	require.Error(t, json.Unmarshal([]byte(`{"amount": 12.99, "currency": "EUR"}`), &a), "cents are whole")
}

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"EUR", "USD", "JPY", "XAF", "ZWG"} {
		got, err := money.ParseCurrency(code)
		require.NoError(t, err)
		require.Equal(t, money.Currency(code), got)
	}
	for _, bad := range []string{"", "eur", "Eur", " EUR", "EUR ", "EURO", "EU", "XXX", "XTS", "XAU", "ÉUR", "EUR\x00", strings.Repeat("E", 300)} {
		_, err := money.ParseCurrency(bad)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%q", bad)
		require.Less(t, len(fault.Of(err).Message), 80, "the client's own words stay short")
	}
}
