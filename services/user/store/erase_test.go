package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
)

// What a refused erasure has erased nobody brings back, so the proof stands before it.
func TestARefusedErasureErasesNoOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		a := b.account(t, "ada@example.com")
		mine, other := b.logIn(t, "ada@example.com"), b.logIn(t, "ada@example.com")
		b.orders.asked = func() { // between the password and the lock
			b.orders.asked = nil
			require.NoError(t, b.ChangePassword(t.Context(), user.PasswordChange{Account: a.ID, Session: other.Session, Old: good, New: better}))
		}
		err := b.Erase(t.Context(), a.ID, mine.Session, good)
		require.Equal(t, fault.Business, fault.KindOf(err), "%v", err)
		require.Empty(t, b.orders.erased)
		_, err = b.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: better})
		require.NoError(t, err)
	})
}

func TestAnErasureThatWasBrokenOffIsCompleted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		for email, again := range map[string]func(a user.Account, s user.Tokens) error{
			"ada@example.com": func(a user.Account, s user.Tokens) error { return b.Erase(ctx, a.ID, s.Session, good) },
			"bob@example.com": func(a user.Account, _ user.Tokens) error {
				return b.EraseAccount(ctx, user.Decision{Account: a.ID, By: "root", Reason: "ticket 8"})
			},
		} {
			a := b.account(t, email)
			s := b.logIn(t, email)
			_, key, err := b.CreateKey(ctx, user.NewKey{Account: a.ID, Name: "shop", Scopes: []string{user.ReadOrders}, By: "tests"})
			require.NoError(t, err)
			require.NoError(t, b.AskReset(ctx, email))
			reset := b.mail(t, email)

			b.orders.away = fault.Errorf(fault.Transient, fault.Unavailable, "away")
			require.Equal(t, fault.Unavailable, fault.CodeOf(b.Erase(ctx, a.ID, s.Session, good)))
			_, err = b.LogIn(ctx, user.Login{Email: email, Password: good})
			requireRefusal(t, err, user.BadCredentials)
			_, err = b.CheckKey(ctx, key)
			requireRefusal(t, err, token.Unauthenticated)
			requireRefusal(t, b.Reset(ctx, reset.Token, better), user.TokenSpent)
			_, err = b.Unlock(ctx, user.Decision{Account: a.ID, By: "root", Reason: "a mistake"})
			require.NoError(t, err)
			now, err := b.Account(ctx, a.ID)
			require.NoError(t, err)
			require.Equal(t, "it is being erased", now.Locked, "nothing takes it back")

			b.orders.away = nil
			require.NoError(t, again(a, s))
			_, err = b.Account(ctx, a.ID)
			requireRefusal(t, err, fault.NotFound)
			requireNowhere(t, b.db, email)
		}
	})
}
