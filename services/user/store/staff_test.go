package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
)

func TestRolesAndLocks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a := b.account(t, "ada@example.com")
		decide := user.Decision{Account: a.ID, By: "root", Reason: "ticket 7"}
		s := b.logIn(t, "ada@example.com")
		changed, err := b.SetRole(ctx, decide, user.Operator)
		require.NoError(t, err)
		require.Equal(t, user.Operator, changed.Role)
		require.Error(t, b.CheckSession(ctx, s.Session), "its tokens have the old scopes")
		_, key, err := b.CreateKey(ctx, user.NewKey{Account: a.ID, Name: "x", Scopes: []string{user.Operate, user.ReadOrders}, By: "root"})
		require.NoError(t, err)
		s = b.logIn(t, "ada@example.com")
		again, err := b.SetRole(ctx, decide, user.Operator)
		require.NoError(t, err)
		require.Equal(t, changed, again)
		require.NoError(t, b.CheckSession(ctx, s.Session), "a repeat changes nothing")
		_, err = b.SetRole(ctx, decide, user.Customer)
		require.NoError(t, err)
		i, err := b.CheckKey(ctx, key)
		require.NoError(t, err)
		require.Equal(t, []string{user.ReadOrders}, i.Scopes, "a key loses what the role loses")

		s = b.logIn(t, "ada@example.com")
		locked, err := b.Lock(ctx, decide)
		require.NoError(t, err)
		require.Equal(t, "ticket 7", locked.Locked)
		require.Error(t, b.CheckSession(ctx, s.Session))
		_, err = b.CheckKey(ctx, key)
		requireRefusal(t, err, token.Unauthenticated)
		_, err = b.LogIn(ctx, user.Login{Email: "ada@example.com", Password: good})
		requireRefusal(t, err, user.BadCredentials)
		_, err = b.Unlock(ctx, decide)
		require.NoError(t, err)
		_, err = b.CheckKey(ctx, key)
		require.NoError(t, err)
		b.logIn(t, "ada@example.com")

		for _, wrong := range []user.Decision{{Account: a.ID, By: "root"}, {Account: a.ID, Reason: "x"}} {
			_, err := b.Lock(ctx, wrong)
			requireRefusal(t, err, fault.Invalid)
		}
		_, err = b.SetRole(ctx, decide, "king")
		requireRefusal(t, err, fault.Invalid)
		decide.Account = "none"
		_, err = b.Lock(ctx, decide)
		requireRefusal(t, err, fault.NotFound)
		_, err = b.Create(ctx, user.Registration{Email: "ADA@example.com", Name: "X", Locale: "en"}, user.Support, "root")
		requireRefusal(t, err, user.AddressTaken)

		var events []user.Event
		for before := ""; ; {
			page, err := b.Records(ctx, a.ID, before, 2)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				events, before = append(events, r.Event), r.ID
			}
		}
		require.Contains(t, events, user.RoleChanged)
		require.Equal(t, user.Registered, events[len(events)-1])
		require.Contains(t, events, user.Unlocked)
	})
}

// TestFactsHaveNoPersonalData plants texts everywhere, and looks for them, and for every
// secret, in the outbox and the records.
func TestFactsHaveNoPersonalData(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		require.NoError(t, b.Register(ctx, user.Registration{Email: "canary@example.com", Name: "Canary", Locale: "de"}))
		m := b.mail(t, "canary@example.com")
		_, err := b.Confirm(ctx, m.Token, good)
		require.NoError(t, err)
		s := b.logIn(t, "canary@example.com")
		_, key, err := b.CreateKey(ctx, user.NewKey{Account: m.Account, Name: "x", Scopes: []string{user.ReadOrders}, By: "root"})
		require.NoError(t, err)
		_, err = b.LogIn(ctx, user.Login{Email: "canary@example.com", Password: better, Device: "canary"})
		require.Error(t, err)
		require.NoError(t, b.ChangeEmail(ctx, user.EmailChange{Account: m.Account, Session: s.Session, Password: good, Email: "canary@new.example"}))
		changed := b.mail(t, "canary@new.example")
		_, err = b.Confirm(ctx, changed.Token, "")
		require.NoError(t, err)
		require.NoError(t, b.AskReset(ctx, "canary@new.example"))
		reset := b.mail(t, "canary@new.example")
		require.NoError(t, b.Reset(ctx, reset.Token, better))
		_, err = b.Change(ctx, m.Account, user.Change{Name: new("Canary the second")})
		require.NoError(t, err)

		names := b.told.Names(t)
		for _, fact := range []string{"mail_wanted", "registered", "changed", "session_opened", "session_revoked", "password_changed"} {
			require.Contains(t, names, "user."+fact+" "+m.Account)
		}
		var texts []string
		for _, column := range []string{"SELECT data || key || meta FROM outbox", "SELECT by_whom || about || note FROM records"} {
			var some []string
			require.NoError(t, b.db.Raw(column).Scan(&some).Error)
			texts = append(texts, some...)
		}
		for _, secret := range []string{"canary", good, better, m.Token, reset.Token, changed.Token, s.Access, s.Refresh, key} {
			require.NotContains(t, strings.ToLower(strings.Join(texts, "\n")), strings.ToLower(secret))
		}
		requireNowhere(t, b.db, good, better, m.Token, reset.Token, changed.Token, s.Access, s.Refresh, key)
	})
}

// requireNowhere requires that no column of any table has one of the texts.
func requireNowhere(t *testing.T, db *gorm.DB, texts ...string) {
	t.Helper()
	for _, table := range []string{
		"accounts", "sessions", "api_keys", "deliveries", "mails", "login_failures", "records", "revocations", "signing_keys", "outbox",
	} {
		var rows []map[string]any
		require.NoError(t, db.Raw("SELECT * FROM "+table).Scan(&rows).Error)
		for _, row := range rows {
			for column, value := range row {
				for _, text := range texts {
					if s, ok := value.(string); ok {
						require.NotContains(t, s, text, "%s.%s", table, column)
					}
				}
			}
		}
	}
}
