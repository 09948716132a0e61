package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/user"
)

// TestStrangersLeaveNothingForLong: rows that callers without an account can write go, whichever
// of them comes next, and the records of accounts stay.
func TestStrangersLeaveNothingForLong(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		rows := func(table, where string) (n int64) {
			require.NoError(t, b.db.WithContext(t.Context()).Raw("SELECT count(*) FROM "+table+" WHERE "+where).Scan(&n).Error)
			return n
		}
		a := b.account(t, "ada@example.com")
		for name, next := range map[string]func() error{
			"a registration": func() error {
				return b.Register(t.Context(), user.Registration{Email: "new@example.com", Name: "Eve", Locale: "en"})
			},
			"a reset": func() error { return b.AskReset(t.Context(), "new@example.com") },
			"a log-in": func() error {
				_, err := b.LogIn(t.Context(), user.Login{Email: a.Email, Password: good})
				return err
			},
		} {
			require.NoError(t, b.Register(t.Context(), user.Registration{Email: "stranger@example.com", Name: "Eve", Locale: "en"}))
			require.NoError(t, b.AskReset(t.Context(), "nobody@example.com"))
			_, err := b.LogIn(t.Context(), user.Login{Email: "nobody@example.com", Password: good})
			requireRefusal(t, err, user.BadCredentials)
			const strangers = "login IN ('stranger@example.com', 'nobody@example.com')"
			require.Equal(t, int64(2), rows("mails", strangers), name)
			require.Equal(t, int64(1), rows("records", "account = ''"), name)
			b.clock.pass(48*time.Hour + time.Second)
			require.NoError(t, next(), name)
			require.Zero(t, rows("mails", strangers), name)
			require.Zero(t, rows("records", "account = ''"), name)
			require.LessOrEqual(t, rows("login_failures", "true"), int64(1), name)
			require.Positive(t, rows("records", "account = '"+a.ID+"'"), name)
		}
	})
}
