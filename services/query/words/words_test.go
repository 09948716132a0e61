package words_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/services/query/words"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"MUG-STONEWARE":         {"mug", "stoneware"},
		"  Käse,  KÄSE! ":       {"kase"},
		"ﬁne № 5 x²":            {"fine", "no", "5", "x2"},
		"İstanbul":              {"istanbul"},
		"чай 茶":                 {"чаи", "茶"},
		"'; DROP TABLE -- \x00": {"drop", "table"},
		"a\xffb":                {"a", "b"},
		"()*\":&|!<->":          nil,
		"":                      nil,
		strings.Repeat("x", 99): {strings.Repeat("x", 64)},
	} {
		require.Equal(t, want, words.Of(text), "%q", text)
	}
	require.Equal(t, []string{"a", "b"}, words.Of("a b", "b", "a"))
}

func TestQuery(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"mugs", "b"}, words.Query("mug MUGS b mu", 9))
	require.Equal(t, []string{"a", "b"}, words.Query("a b c", 2))
	require.Empty(t, words.Query("!", 9))
}

// Words are safe to put between quotes and spaces of any query language.
func TestWordsAreLettersAndDigitsOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for _, w := range words.Of(rapid.String().Draw(t, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))) {
			require.True(t, utf8.ValidString(w))
			require.NotEmpty(t, w)
			for _, r := range w {
				require.True(t, unicode.IsLetter(r) || unicode.IsDigit(r), "%q", w)
			}
		}
	})
}
