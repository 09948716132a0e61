package page_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/page"
)

type amount struct {
	minor    int64
	currency string
}

func TestMoneyIsWrittenExactly(t *testing.T) {
	t.Parallel()
	for a, want := range map[amount][2]string{
		{0, "EUR"}:             {"EUR 0.00", "0,00 EUR"},
		{5, "EUR"}:             {"EUR 0.05", "0,05 EUR"},
		{99999, "EUR"}:         {"EUR 999.99", "999,99 EUR"},
		{100000, "EUR"}:        {"EUR 1,000.00", "1.000,00 EUR"},
		{123456789, "USD"}:     {"USD 1,234,567.89", "1.234.567,89 USD"},
		{1234, "JPY"}:          {"JPY 1,234", "1.234 JPY"},
		{1234567, "KWD"}:       {"KWD 1,234.567", "1.234,567 KWD"},
		{math.MaxInt64, "EUR"}: {"EUR 92,233,720,368,547,758.07", "92.233.720.368.547.758,07 EUR"},
	} {
		for i, f := range page.Formats {
			require.Equal(t, want[i], strings.ReplaceAll(f.Money(a.minor, a.currency), "\u00a0", " "))
		}
	}
	require.Equal(t, "10,000", page.Formats[0].Count(10000))
	require.Equal(t, "10.000", page.Formats[1].Count(10000))
}

func TestDaysAreThoseOfUTC(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, time.March, 1, 1, 30, 0, 0, time.FixedZone("", 2*3600))
	require.Equal(t, "28 February 2026", page.Formats[0].Date(late))
	require.Equal(t, "28. Februar 2026", page.Formats[1].Date(late))
	require.Equal(t, "28 February 2026, 23:30 UTC", page.Formats[0].Time(late))
	for m := time.January; m <= time.December; m++ {
		day := time.Date(2026, m, 1, 0, 0, 0, 0, time.UTC)
		require.Equal(t, "1 "+m.String()+" 2026", page.Formats[0].Date(day))
		require.Regexp(t, `^1\. \p{L}+ 2026$`, page.Formats[1].Date(day))
	}
}
