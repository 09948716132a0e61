package text_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/text"
)

// cards are card numbers for tests, one or more of each scheme, in many spellings.
var cards = []string{
	"4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", " 4222222222222 ", "6304000000000000",
	"2223003122003222", "30569309025904", "6011000990139424", "3530111333300000", "6759649826438453", "4000000000000000006",
	"4111.1111.1111.1111", "4111/1111/1111/1111", "4111_1111_1111_1111", "4111, 1111, 1111, 1111", "4111\u00a01111\u00a01111\u00a01111",
	"4111\u31641111\u115f1111\u11601111", "4111\u200b1111\u200b1111\u200b1111", "4\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601\u20601",
	"4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", "4111—1111–1111‑1111", "(4111) 1111 [1111] 1111", "\u202a4111111111111111\u202c",
	"４１１１１１１１１１１１１１１１", "４１１１．１１１１．１１１１．１１１１", "④①①①①①①①①①①①①①①①", "⁴¹¹¹¹¹¹¹¹¹¹¹¹¹¹¹",
	"٤١١١١١١١١١١١١١١١", "𝟜𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙", "４111 １111 1١11 111๑",
	"4️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣",
}

func TestACardNumberIsFoundInEverySpelling(t *testing.T) {
	t.Parallel()

	for _, c := range cards {
		require.True(t, text.HasCard(c), c)
		require.NotZero(t, text.CardDigits(c), c)
		for _, around := range []string{"Visa %", "%, thanks", "card:%", "Hauptstr. 1 %", "12 % 3/27", "x%y", "Ада %"} {
			in := strings.ReplaceAll(around, "%", c)
			require.True(t, text.HasCard(in), in)
		}
		require.Zero(t, text.CardDigits("tok_"+c), c)
	}
	require.Equal(t, 16, text.CardDigits("4111 1111 1111 1111"))
	require.Equal(t, 13, text.CardDigits("4222222222222"))
}

func TestOtherNumbersAreNoCards(t *testing.T) {
	t.Parallel()

	for _, s := range []string{
		"", "A. Buyer", "Hauptstr. 1", "10115", "4111111111111112", "411111111111", "41111111111111111111", "411111 a 1111111111",
		"1764384000004", "0000000000000000", "+44 20 7946 0958", "Packstation 123, 12345678", "4006381333931", "5901234123457",
		"10155555555555555", "Straße des 17. Juni 135", "2026-11-29 12:00:00", "4711", "00 11 22 33",
	} {
		require.False(t, text.HasCard(s), s)
		require.Zero(t, text.CardDigits(s), s)
	}
	for _, id := range []string{"auth0|4111111111111111", "facebook|4111111111111111", "cus_4111-1111-1111-1111"} {
		require.Zero(t, text.CardDigits(id), "an id is as a whole a card number, or is none: %s", id)
	}
	for range 10_000 {
		require.Zero(t, text.CardDigits(uuid.NewString()))
	}
}

// Every decimal digit of Unicode counts with its value.
func TestEveryDigitHasItsValue(t *testing.T) {
	t.Parallel()

	sets := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) || unicode.Is(unicode.Nd, r-1) && (r-zeroOf(r))%10 != 0 {
			continue
		}
		sets++
		four, one := r+4, r+1
		require.True(t, text.HasCard(string(four)+strings.Repeat(string(one), 15)), "%U", r)
		require.False(t, text.HasCard(string(four)+strings.Repeat(string(one), 14)+string(r+2)), "%U", r)
	}
	require.Greater(t, sets, 60)
}

// zeroOf returns the first rune of the run of digits that r is in.
func zeroOf(r rune) rune {
	for unicode.Is(unicode.Nd, r-1) {
		r--
	}
	return r
}

func FuzzCard(f *testing.F) {
	for _, c := range cards {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if text.CardDigits(s) != 0 {
			require.True(t, text.HasCard(s), "a text that is a card number has one")
		}
	})
}

func BenchmarkHasCard(b *testing.B) {
	s := strings.Repeat("4 ", 500)
	for b.Loop() {
		text.HasCard(s)
	}
}
