package store_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
)

func TestChangePassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a := b.account(t, "ada@example.com")
		mine, other := b.logIn(t, "ada@example.com"), b.logIn(t, "ada@example.com")
		change := func(session, old, to string) error {
			return b.ChangePassword(ctx, user.PasswordChange{Account: a.ID, Session: session, Old: old, New: to})
		}
		requireRefusal(t, change(mine.Session, better, better), user.BadCredentials)
		requireRefusal(t, change(mine.Session, good, "password"), password.Weak)
		requireRefusal(t, change("", good, better), user.SessionEnded)
		stranger := b.account(t, "eve@example.com")
		requireRefusal(t, b.ChangePassword(ctx, user.PasswordChange{
			Account: stranger.ID, Session: mine.Session, Old: good, New: better,
		}), user.SessionEnded)

		require.NoError(t, change(mine.Session, good, better))
		_, err := b.Refresh(ctx, other.Refresh)
		requireRefusal(t, err, user.SessionEnded)
		_, err = b.Refresh(ctx, mine.Refresh)
		require.NoError(t, err)
		_, err = b.LogIn(ctx, user.Login{Email: "ada@example.com", Password: better})
		require.NoError(t, err)

		for range user.FreeAttempts {
			requireRefusal(t, change(mine.Session, good, good), user.BadCredentials)
		}
		requireRefusal(t, change(mine.Session, better, good), user.SessionEnded)
		require.Error(t, b.CheckSession(ctx, mine.Session), "a stolen session is no way to try passwords")
	})
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a := b.account(t, "ada@example.com")
		b.account(t, "bob@example.com")
		s := b.logIn(t, "ada@example.com")
		change := func(email, password string) error {
			return b.ChangeEmail(ctx, user.EmailChange{Account: a.ID, Session: s.Session, Password: password, Email: email})
		}
		requireRefusal(t, change("ada@new.example", better), user.BadCredentials)
		requireRefusal(t, change("new", good), fault.Invalid)
		require.NoError(t, change("BOB@example.com", good), "it does not tell that another has the address")
		require.Equal(t, user.AlreadyRegistered, b.mail(t, "bob@example.com").Template)

		require.NoError(t, change("ada@new.example", good))
		m := b.mail(t, "ada@new.example")
		require.Equal(t, user.ConfirmAddress, m.Template)
		still, err := b.Account(ctx, a.ID)
		require.NoError(t, err)
		require.Equal(t, "ada@example.com", still.Email)
		_, err = b.Confirm(ctx, m.Token, better)
		requireRefusal(t, err, fault.Invalid)
		_, err = b.Confirm(ctx, m.Token, "")
		require.NoError(t, err)
		changed, err := b.Account(ctx, a.ID)
		require.NoError(t, err)
		require.Equal(t, []any{"ada@new.example", int64(2)}, []any{changed.Email, changed.Version})
		old := b.mail(t, "ada@example.com")
		require.Equal(t, user.AddressChanged, old.Template)
		require.Equal(t, 3*24*time.Hour, old.ExpiresAt.Sub(old.CreatedAt), "a thief may have changed it, and mails may wait")
		b.logIn(t, "ada@new.example")

		require.NoError(t, change("ada@third.example", good))
		m = b.mail(t, "ada@third.example")
		b.account(t, "ada@third.example")
		_, err = b.Confirm(ctx, m.Token, "")
		requireRefusal(t, err, user.AddressTaken)
	})
}

// A mail of before lets its reader in no more once the owner has acted.
func TestAResetIsForTheAddressAndThePasswordOfItsTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		for name, act := range map[string]func(t *testing.T, a user.Account, s user.Tokens, reset string) error{
			"AnotherPassword": func(t *testing.T, a user.Account, s user.Tokens, _ string) error {
				t.Helper()
				return b.ChangePassword(t.Context(), user.PasswordChange{Account: a.ID, Session: s.Session, Old: good, New: better})
			},
			"ALock": func(t *testing.T, a user.Account, _ user.Tokens, _ string) error {
				t.Helper()
				_, err := b.Lock(t.Context(), user.Decision{Account: a.ID, By: "root", Reason: "stolen"})
				return err
			},
			"AReset": func(t *testing.T, _ user.Account, _ user.Tokens, reset string) error {
				t.Helper()
				return b.Reset(t.Context(), reset, better)
			},
			"AnotherAddress": func(t *testing.T, a user.Account, s user.Tokens, _ string) error {
				t.Helper()
				err := b.ChangeEmail(t.Context(), user.EmailChange{Account: a.ID, Session: s.Session, Password: good, Email: "new-" + a.Email})
				require.NoError(t, err)
				m := b.mail(t, "new-"+a.Email)
				_, err = b.Confirm(t.Context(), m.Token, "")
				return err
			},
		} {
			email := strings.ToLower(name) + "@example.com"
			a := b.account(t, email)
			s := b.logIn(t, email)
			require.NoError(t, b.AskReset(ctx, email))
			thief := b.mail(t, email).Token
			require.NoError(t, b.ChangeEmail(ctx, user.EmailChange{Account: a.ID, Session: s.Session, Password: good, Email: "thief-" + email}))
			other := b.mail(t, "thief-"+email).Token
			b.clock.pass(user.MailPause)
			require.NoError(t, b.AskReset(ctx, email))

			require.NoError(t, act(t, a, s, b.mail(t, email).Token), name)
			requireRefusal(t, b.Reset(ctx, thief, good), user.TokenSpent)
			_, err := b.Confirm(ctx, other, "")
			requireRefusal(t, err, user.TokenSpent)
		}
	})
}

func TestProfile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a := b.account(t, "ada@example.com")
		wants := []user.Preference{{Category: user.Offers, Channel: user.SMS, Wanted: true}, {Category: user.AboutOrders, Channel: user.Push}}
		changed, err := b.Change(ctx, a.ID, user.Change{Name: new("Ada L."), Preferences: &wants})
		require.NoError(t, err)
		require.Equal(t, []any{"Ada L.", "en", wants, int64(2)}, []any{changed.Name, changed.Locale, changed.Preferences, changed.Version})
		again, err := b.Change(ctx, a.ID, user.Change{Name: new("Ada L."), Preferences: &wants})
		require.NoError(t, err)
		require.Equal(t, changed, again)
		for name, wrong := range map[string]user.Change{
			"Name": {Name: new("")}, "Locale": {Locale: new("")}, "Category": {Preferences: &[]user.Preference{{Category: "x", Channel: user.SMS}}},
			"Twice":      {Preferences: &[]user.Preference{wants[0], wants[0]}},
			"OrderMails": {Preferences: &[]user.Preference{{Category: user.AboutOrders, Channel: user.Email}}},
		} {
			_, err := b.Change(ctx, a.ID, wrong)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
		}
		_, err = b.Change(ctx, "none", user.Change{Name: new("X")})
		requireRefusal(t, err, fault.NotFound)
	})
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a, other := b.account(t, "ada@example.com"), b.account(t, "eve@example.com")
		d := user.Delivery{Name: "Ada", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}
		made, err := b.PutDelivery(ctx, a.ID, d)
		require.NoError(t, err)
		made.City = "Köln"
		for range 2 {
			got, err := b.PutDelivery(ctx, a.ID, made)
			require.NoError(t, err)
			require.Equal(t, made, got)
		}
		all, err := b.Deliveries(ctx, a.ID)
		require.NoError(t, err)
		require.Equal(t, []user.Delivery{made}, all)
		_, err = b.PutDelivery(ctx, other.ID, made)
		requireRefusal(t, err, fault.NotFound)
		require.NoError(t, b.RemoveDelivery(ctx, other.ID, made.ID))
		d.Country = "de"
		_, err = b.PutDelivery(ctx, a.ID, d)
		requireRefusal(t, err, fault.Invalid)
		d.Country = "DE"
		for range user.MaxAddresses - 1 {
			_, err = b.PutDelivery(ctx, a.ID, d)
			require.NoError(t, err)
		}
		_, err = b.PutDelivery(ctx, a.ID, d)
		requireRefusal(t, err, user.TooMany)
		for range 2 {
			require.NoError(t, b.RemoveDelivery(ctx, a.ID, made.ID))
		}
		all, err = b.Deliveries(ctx, a.ID)
		require.NoError(t, err)
		require.Len(t, all, user.MaxAddresses-1)
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a, other := b.account(t, "ada@example.com"), b.account(t, "eve@example.com")
		first := b.logIn(t, "ada@example.com")
		b.clock.pass(time.Second)
		second, third := b.logIn(t, "ada@example.com"), b.logIn(t, "ada@example.com")
		all, err := b.Sessions(ctx, a.ID)
		require.NoError(t, err)
		require.Len(t, all, 3)
		require.Equal(t, user.Session{
			ID: first.Session, Device: "tests", CreatedAt: b.clock.now().Add(-time.Second), SeenAt: b.clock.now().Add(-time.Second), ExpiresAt: first.Expires,
		}, all[2])
		requireRefusal(t, b.LogOut(ctx, other.ID, first.Session), fault.NotFound)
		requireRefusal(t, b.LogOut(ctx, a.ID, "none"), fault.NotFound)
		for range 2 {
			require.NoError(t, b.LogOut(ctx, a.ID, first.Session))
		}
		require.Error(t, b.CheckSession(ctx, first.Session))
		require.NoError(t, b.CheckSession(ctx, second.Session))
		for range 2 {
			require.NoError(t, b.LogOut(ctx, a.ID, ""))
		}
		require.Error(t, b.CheckSession(ctx, third.Session))
		r, err := b.Revocations(ctx, 0)
		require.NoError(t, err)
		require.Equal(t, int64(3), r.Position, "a repeat ends nothing")
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a, other := b.account(t, "ada@example.com"), b.account(t, "eve@example.com")
		ask := user.NewKey{Account: a.ID, Name: "shop", Scopes: []string{user.ReadOrders}, Expires: b.clock.now().Add(time.Hour), By: "tests"}
		k, secret, err := b.CreateKey(ctx, ask)
		require.NoError(t, err)
		refused := func(key string) {
			t.Helper()
			_, err := b.CheckKey(ctx, key)
			requireRefusal(t, err, token.Unauthenticated)
		}
		i, err := b.CheckKey(ctx, secret)
		require.NoError(t, err)
		require.Equal(t, token.Identity{Account: a.ID, Key: k.ID, Scopes: []string{user.ReadOrders}, Expires: ask.Expires}, i)
		all, err := b.Keys(ctx, a.ID)
		require.NoError(t, err)
		require.Equal(t, []user.APIKey{{
			ID: k.ID, Name: "shop", Scopes: ask.Scopes, CreatedAt: b.clock.now(), ExpiresAt: ask.Expires, UsedAt: b.clock.now(),
		}}, all)
		for _, forged := range []string{"", "amk_", "amk_" + k.ID + "_", "amk_" + k.ID + "_x", secret + "A", k.ID} {
			refused(forged)
		}
		var stored string
		require.NoError(t, b.db.Raw("SELECT hash FROM api_keys").Scan(&stored).Error)
		require.NotContains(t, secret, stored)

		for name, wrong := range map[string]func(*user.NewKey){
			"NoScope": func(k *user.NewKey) { k.Scopes = nil }, "Past": func(k *user.NewKey) { k.Expires = b.clock.now() },
			"TooMuch": func(k *user.NewKey) { k.Scopes = []string{user.Operate} }, "NoName": func(k *user.NewKey) { k.Name = "" },
		} {
			asked := ask
			wrong(&asked)
			_, _, err := b.CreateKey(ctx, asked)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
		}
		requireRefusal(t, b.RevokeKey(ctx, other.ID, k.ID, "tests"), fault.NotFound)
		for range 2 {
			require.NoError(t, b.RevokeKey(ctx, a.ID, k.ID, "tests"))
		}
		refused(secret)

		_, secret, err = b.CreateKey(ctx, ask)
		require.NoError(t, err)
		b.clock.pass(time.Hour)
		refused(secret)
		ask.Expires = time.Time{}
		for n := range user.MaxKeys - 1 {
			ask.Name = strconv.Itoa(n)
			_, _, err = b.CreateKey(ctx, ask)
			require.NoError(t, err)
		}
		_, _, err = b.CreateKey(ctx, ask)
		requireRefusal(t, err, user.TooMany)
	})
}

func TestErase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a := b.account(t, "ada@example.com")
		s := b.logIn(t, "ada@example.com")
		_, key, err := b.CreateKey(ctx, user.NewKey{Account: a.ID, Name: "shop", Scopes: []string{user.ReadOrders}, By: "tests"})
		require.NoError(t, err)
		_, err = b.PutDelivery(ctx, a.ID, user.Delivery{Name: "Ada", Line1: "Hauptstr. 1", City: "Berlin", Country: "DE"})
		require.NoError(t, err)
		require.NoError(t, b.AskReset(ctx, "ada@example.com"))
		reset := b.mail(t, "ada@example.com")

		b.orders.undecided = true
		requireRefusal(t, b.Erase(ctx, a.ID, s.Session, good), user.OrdersOpen)
		b.orders.undecided, b.orders.err = false, errors.New("away")
		require.Equal(t, fault.Unavailable, fault.CodeOf(b.Erase(ctx, a.ID, s.Session, good)))
		b.orders.err = nil
		requireRefusal(t, b.Erase(ctx, a.ID, s.Session, better), user.BadCredentials)
		_, err = b.Account(ctx, a.ID)
		require.NoError(t, err)

		require.NoError(t, b.Erase(ctx, a.ID, s.Session, good))
		requireRefusal(t, b.Erase(ctx, a.ID, s.Session, good), fault.NotFound)
		_, err = b.Account(ctx, a.ID)
		requireRefusal(t, err, fault.NotFound)
		_, err = b.Refresh(ctx, s.Refresh)
		requireRefusal(t, err, user.SessionEnded)
		_, err = b.CheckKey(ctx, key)
		requireRefusal(t, err, token.Unauthenticated)
		requireRefusal(t, b.Reset(ctx, reset.Token, better), user.TokenSpent)
		r, err := b.Revocations(ctx, 0)
		require.NoError(t, err)
		require.Len(t, r.Ended, 2, "the session and the key")
		records, err := b.Records(ctx, a.ID, "", 100)
		require.NoError(t, err)
		require.Equal(t, user.Erased, records[0].Event, "what happened to its security stays")
		require.Equal(t, user.Decision{Account: a.ID}, b.orders.erased[len(b.orders.erased)-1])
		requireNowhere(t, b.db, "ada@example.com", "A. Buyer", "Hauptstr")

		again := b.account(t, "ada@example.com")
		d := user.Decision{Account: again.ID, By: "root", Reason: "ticket 8"}
		b.orders.undecided = true
		requireRefusal(t, b.EraseAccount(ctx, d), user.OrdersOpen)
		b.orders.undecided = false
		requireRefusal(t, b.EraseAccount(ctx, user.Decision{Account: again.ID, By: "root"}), fault.Invalid)
		require.NoError(t, b.EraseAccount(ctx, d))
		requireRefusal(t, b.EraseAccount(ctx, d), fault.NotFound)
		require.Equal(t, d, b.orders.erased[len(b.orders.erased)-1], "its orders know whose decision it was")
		records, err = b.Records(ctx, again.ID, "", 1)
		require.NoError(t, err)
		require.Equal(t, []any{user.Erased, "root", "ticket 8"}, []any{records[0].Event, records[0].By, records[0].Note})
		requireNowhere(t, b.db, "ada@example.com")
	})
}
