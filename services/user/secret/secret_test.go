package secret_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/services/user/secret"
)

func derive(t require.TestingT, text string) *secret.Derived {
	d, err := secret.Derive(text)
	require.NoError(t, err)
	return d
}

func TestASecretIsLong(t *testing.T) {
	t.Parallel()
	_, err := secret.Derive(strings.Repeat("x", secret.Least-1))
	require.Error(t, err)
}

func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	d, other := derive(t, strings.Repeat("a", 32)), derive(t, strings.Repeat("b", 32))
	rapid.Check(t, func(r *rapid.T) {
		first := d.FirstRefresh("0190-session")
		require.NotEqual(r, first, d.FirstRefresh("0190-session"))
		seen, token := map[string]bool{}, first
		for n := range rapid.Int64Range(1, 5).Draw(r, "generations") {
			require.False(r, seen[token])
			seen[token] = true
			read, err := d.ReadRefresh(token)
			require.NoError(r, err)
			require.True(r, read.Genuine)
			require.Equal(r, "0190-session", read.Session)
			require.Equal(r, n+1, read.Generation)
			foreign, err := other.ReadRefresh(token)
			require.NoError(r, err)
			require.False(r, foreign.Genuine)
			require.NotEqual(r, d.NextRefresh(read), other.NextRefresh(read), "it takes the secret")
			token = d.NextRefresh(read)
			require.Equal(r, token, derive(t, strings.Repeat("a", 32)).NextRefresh(read), "always the same one")
		}
	})
}

// TestAnyChangeOfATokenIsSeen: a text that differs is no token, or is not genuine.
func TestAnyChangeOfATokenIsSeen(t *testing.T) {
	t.Parallel()
	d := derive(t, strings.Repeat("a", 32))
	rapid.Check(t, func(r *rapid.T) {
		token := d.FirstRefresh("session")
		i := rapid.IntRange(0, len(token)-1).Draw(r, "at")
		c := rapid.Byte().Draw(r, "byte")
		changed := token[:i] + string([]byte{c}) + token[i+1:]
		read, err := d.ReadRefresh(changed)
		require.True(r, changed == token || err != nil || !read.Genuine)
	})
}

func TestKeysAndMailTokens(t *testing.T) {
	t.Parallel()
	d := derive(t, strings.Repeat("a", 32))
	key, id := secret.NewKey()
	require.Regexp(t, `^amk_[a-z2-7]{16}_[A-Za-z0-9_-]{43}$`, key)
	require.Equal(t, id, secret.KeyOf(key))
	require.True(t, secret.Same(key, secret.Hash(key)))
	require.False(t, secret.Same(key+"x", secret.Hash(key)))
	require.Equal(t, "mail-1", secret.MailOf(d.MailToken("mail-1")))
	require.Equal(t, d.MailToken("mail-1"), derive(t, strings.Repeat("a", 32)).MailToken("mail-1"))
	require.NotEqual(t, d.MailToken("mail-1")[len("amv_mail-1_"):], d.MailToken("mail-2")[len("amv_mail-2_"):])
	require.NotEqual(t, d.MailToken("m"), derive(t, strings.Repeat("b", 32)).MailToken("m"))
	for _, wrong := range []string{"", "amv_", "amv__x", "amv_x", "amk_x_y", "amv_x_" + strings.Repeat("y", 300)} {
		require.Empty(t, secret.MailOf(wrong), wrong)
	}
	require.NotContains(t, d.Login("ada@example.com"), "ada")
}
