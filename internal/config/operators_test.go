package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/setting"
)

func TestOperators(t *testing.T) {
	t.Parallel()

	load := func(t *testing.T, tokens string) (config.Config, error) {
		t.Helper()
		return config.Load(setting.Source{Environ: []string{"AMENDS_OPERATOR_TOKENS=" + tokens, "AMENDS_OPERATOR_TOKEN=hunter2-hunter2-"}}, config.Needs{}, sections...)
	}

	t.Run("HaveANameAndASecretOfTheirOwn", func(t *testing.T) {
		t.Parallel()
		c, err := load(t, "night.shift=hunter2-hunter2==, b@shop=0123456789abcdef")
		require.NoError(t, err)
		require.Equal(t, []secret.Operator{{Name: "night.shift", Secret: "hunter2-hunter2=="}, {Name: "b@shop", Secret: "0123456789abcdef"}}, c.Operators())
	})

	t.Run("AreNobodyByDefault", func(t *testing.T) {
		t.Parallel()
		c := config.Default(sections...)
		require.Empty(t, c.Operators())
	})

	t.Run("DoNotPrint", func(t *testing.T) {
		t.Parallel()
		c, err := load(t, "a=hunter2-hunter2-")
		require.NoError(t, err)
		for _, s := range []string{c.OperatorTokens.String(), c.OperatorToken.String(), c.Operators()[0].Secret.String()} {
			require.Equal(t, "******", s)
		}
	})

	const good = "hunter2-hunter2-"
	for name, test := range map[string]struct{ tokens, want string }{
		"NoName":       {"=" + good, "must name operators by 1 to 64 letters, digits, dots, dashes, underscores or @; entry 1 does not"},
		"BadName":      {"a b=" + good, "must name operators by 1 to 64 letters, digits, dots, dashes, underscores or @; entry 1 does not"},
		"NoSecret":     {"a=" + good + ",b", "must be name=secret,name2=secret2; entry 2 has no ="},
		"TrailingText": {"a=" + good + ",", "must be name=secret,name2=secret2; entry 2 has no ="},
		"NameTwice":    {"a=" + good + ",a=" + good + "x", "must name every operator once; entries 1 and 2 have one name"},
		"SecretTwice":  {"a=" + good + ",b=" + good, "must give every operator another secret; entries 1 and 2 have one"},
		"ShortSecret":  {"a=hunter2", "must have secrets of 16 to 256 characters; that of entry 1 has 7"},
		"LongSecret":   {"a=" + strings.Repeat("hunter2-", 33), "must have secrets of 16 to 256 characters; that of entry 1 has 264"},
		"OddSecret":    {"a=hunter2 hunter2 x", "must have secrets of visible ASCII characters; that of entry 1 is not"},
		"OnlyASecret":  {"hunter2hunter2hunter2=", "must have secrets of 16 to 256 characters; that of entry 1 has 0"}, // as base64 ends
		"AllAtOnce":    {"a=x,b", "must have secrets of 16 to 256 characters; that of entry 1 has 1\noperator_tokens: must be name=secret,name2=secret2; entry 2 has no ="},
	} {
		t.Run("AreRefusedWith"+name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, test.tokens)
			require.EqualError(t, err, "operator_tokens: "+test.want)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}
