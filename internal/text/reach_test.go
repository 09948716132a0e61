package text_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/text"
)

func TestWhatReachesAPerson(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 64)
	for name, c := range map[string]struct {
		rule       func(string) error
		err        error
		good, evil []string
	}{
		"Mail": {
			text.Mail, text.ErrMail,
			[]string{"ada@example.com", "Ada.L+shop@Example.COM", long + "@example.com"},
			[]string{
				"", "ada", "@example.com", "ada@", "Ada <ada@example.com>", "<ada@example.com>", "ada@example.com ", "ada@exam\u200bple.com",
				"ada@example.com, bob@example.com", "ada@example.com\r\nBcc: bob@example.com", "x" + long + "@example.com",
				"ada@" + strings.Repeat(long[:60]+".", 5) + "com",
			},
		},
		"Phone": {
			text.Phone, text.ErrPhone,
			[]string{"+49301234567", "+4790000", "+999999999999999", "+4930123456789"},
			[]string{"", "030 1234567", "0049301234567", "+0301234567", "+49 30 1234567", "+4930", "+9999999999999999", "+493012345x", "+49301234567\n"},
		},
		"Locale": {
			text.Locale, text.ErrLocale,
			[]string{"de", "de-AT", "zh-Hant-TW"},
			[]string{"", "de_AT", "de-", "-de", "d\u00e9", "abcdefghi", strings.Repeat("ab-", 11) + "abc", "de\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range c.good {
				require.NoError(t, c.rule(s), "%q", s)
			}
			for _, s := range c.evil {
				require.ErrorIs(t, c.rule(s), c.err, "%q", s)
			}
		})
	}
}
