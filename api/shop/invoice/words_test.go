package invoice

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
)

func TestMoneyIsWrittenExactly(t *testing.T) {
	t.Parallel()
	for amount, want := range map[contract.Money][2]string{
		{Amount: 0, Currency: "EUR"}:             {"EUR 0.00", "0,00 EUR"},
		{Amount: 5, Currency: "EUR"}:             {"EUR 0.05", "0,05 EUR"},
		{Amount: 99999, Currency: "EUR"}:         {"EUR 999.99", "999,99 EUR"},
		{Amount: 100000, Currency: "EUR"}:        {"EUR 1,000.00", "1.000,00 EUR"},
		{Amount: 123456789, Currency: "USD"}:     {"USD 1,234,567.89", "1.234.567,89 USD"},
		{Amount: 1234, Currency: "JPY"}:          {"JPY 1,234", "1.234 JPY"},
		{Amount: 1234567, Currency: "KWD"}:       {"KWD 1,234.567", "1.234,567 KWD"},
		{Amount: math.MaxInt64, Currency: "EUR"}: {"EUR 92,233,720,368,547,758.07", "92.233.720.368.547.758,07 EUR"},
	} {
		for i, w := range languages {
			require.Equal(t, want[i], spaced(w.Money(amount)))
			require.Equal(t, "\u2212"+want[i], spaced(w.Minus(amount)))
		}
	}
	require.Equal(t, "10,000", languages[0].Count(10000))
	require.Equal(t, "10.000", languages[1].Count(10000))
}

// spaced returns text with plain spaces for those that do not break a line.
func spaced(text string) string {
	out := []rune(text)
	for i, r := range out {
		if r == '\u00a0' {
			out[i] = ' '
		}
	}
	return string(out)
}

func TestDaysAreThoseOfUTC(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, time.March, 1, 1, 30, 0, 0, time.FixedZone("", 2*3600))
	require.Equal(t, "28 February 2026", languages[0].Date(late))
	require.Equal(t, "28. Februar 2026", languages[1].Date(late))
	for m := time.January; m <= time.December; m++ {
		for _, w := range languages {
			require.NotEmpty(t, w.months[m-1])
		}
		require.Equal(t, "1 "+m.String()+" 2026", languages[0].Date(time.Date(2026, m, 1, 0, 0, 0, 0, time.UTC)))
	}
}
