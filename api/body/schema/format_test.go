package schema

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"A. Buyer", "Łukasz Żółć", "李小龍", "علی\u200cرضا", "👩\u200d👧", "O'Neil-Smith"} {
		require.NoError(t, checkText(name), name)
	}
	for _, name := range []string{" ", "\u00a0", "a\tb", "a\nb", "a\u2028b", "a\u202eb", "a\u0085b", "\u200b\u2060", "\u3164"} {
		require.Error(t, checkText(name), "%q", name)
	}
	require.NoError(t, checkOptionalText(" "))
	require.Error(t, checkOptionalText("\u200b"))
}

func TestCountries(t *testing.T) {
	t.Parallel()
	require.Len(t, countries, 249+1, "ISO 3166-1 has 249 officially assigned codes; XK is the other")
	for _, code := range []string{"ZZ", "XX", "AA", "EU", "UK", "de", "", "DEU"} {
		require.Error(t, checkCountry(code), code)
	}
	for _, code := range []string{"DE", "GB", "US", "CW", "SS", "XK"} {
		require.NoError(t, checkCountry(code), code)
	}
	for code := range withoutPostalCodes {
		require.NoError(t, checkCountry(code), code)
	}
}
