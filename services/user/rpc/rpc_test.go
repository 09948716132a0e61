package rpc_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/services/user/rpc"
	pb "github.com/amends/amends/services/user/rpc/userpb"
	"github.com/amends/amends/services/user/store"
)

const good, better = "correct horse battery", "staple the battery of a horse"

type noOrders struct{}

// Undecided implements [user.Orders].
func (noOrders) Undecided(context.Context, string) (bool, error) { return false, nil }

// Erase implements [user.Orders].
func (noOrders) Erase(context.Context, user.Decision) error { return nil }

// The contract of [user.Service] holds in the service's process and over a connection. Each
// body uses addresses of its own.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, err := store.New(db, store.Options{
			Secret: "a secret of tests that is long enough", Orders: noOrders{},
			Policy: argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		})
		require.NoError(t, err)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]user.Service{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, d, strings.ToLower(name)) })
		}
	})
}

func requireRefusal(t *testing.T, err error, code fault.Code) {
	t.Helper()
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Business, fault.KindOf(err), "%v", err)
}

func contract(t *testing.T, d user.Service, own string) {
	ctx := rpctest.Context(t)
	email, other := "ada-"+own+"@example.com", "eve-"+own+"@example.com"
	mail := func(to string) user.Mail {
		t.Helper()
		all, err := d.Mails(ctx, 200)
		require.NoError(t, err)
		for _, m := range all {
			if m.To == to {
				same, err := d.Mail(ctx, m.ID)
				require.NoError(t, err)
				require.Equal(t, m, same)
				return m
			}
		}
		require.Fail(t, "no mail", to)
		return user.Mail{}
	}

	requireRefusal(t, d.Register(ctx, user.Registration{Email: "ada", Name: "Ada", Locale: "de"}), fault.Invalid)
	require.NoError(t, d.Register(ctx, user.Registration{Email: email, Name: "Ada", Locale: "de"}))
	m := mail(email)
	require.Equal(t, user.ConfirmRegistration, m.Template)
	_, err := d.Confirm(ctx, m.Token, "short")
	requireRefusal(t, err, password.Weak)
	c, err := d.Confirm(ctx, m.Token, good)
	require.NoError(t, err)
	require.Equal(t, user.Confirmation{Account: m.Account, Template: user.ConfirmRegistration}, c)
	_, err = d.Confirm(ctx, m.Token, good)
	requireRefusal(t, err, user.TokenSpent)

	a, err := d.Account(ctx, m.Account)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), a.CreatedAt, time.Hour)
	require.Equal(t, user.Account{
		ID: m.Account, Email: email, Name: "Ada", Locale: "de", Role: user.Customer, Version: 1, CreatedAt: a.CreatedAt, UpdatedAt: a.CreatedAt, Preferences: a.Preferences,
	}, a)
	require.Empty(t, a.Preferences)
	_, err = d.Account(ctx, "none")
	requireRefusal(t, err, fault.NotFound)
	_, err = d.LogIn(ctx, user.Login{Email: email, Password: better})
	requireRefusal(t, err, user.BadCredentials)
	s, err := d.LogIn(ctx, user.Login{Email: email, Password: good, Device: "tests"})
	require.NoError(t, err)
	require.NoError(t, d.CheckSession(ctx, s.Session))
	requireRefusal(t, d.CheckSession(ctx, "none"), token.Unauthenticated)
	refreshed, err := d.Refresh(ctx, s.Refresh)
	require.NoError(t, err)
	require.Equal(t, s.Session, refreshed.Session)
	_, err = d.Refresh(ctx, "none")
	requireRefusal(t, err, user.SessionEnded)
	sessions, err := d.Sessions(ctx, a.ID)
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	require.Equal(t, []any{s.Session, "tests", true}, []any{sessions[0].ID, sessions[0].Device, sessions[0].ExpiresAt.After(sessions[0].SeenAt)})

	v := token.NewVerifier(token.Config{Source: d, Logger: slog.New(slog.DiscardHandler)})
	i, err := v.Verify(ctx, refreshed.Access)
	require.NoError(t, err)
	require.Equal(t, []any{a.ID, s.Session, user.Customer.Scopes()}, []any{i.Account, i.Session, i.Scopes})

	wants := []user.Preference{{Category: user.Offers, Channel: user.SMS, Wanted: true}, {Category: user.AboutOrders, Channel: user.Push}}
	a, err = d.Change(ctx, a.ID, user.Change{Name: new("Ada L."), Preferences: &wants})
	require.NoError(t, err)
	require.Equal(t, []any{"Ada L.", "de", wants, int64(2)}, []any{a.Name, a.Locale, a.Preferences, a.Version})
	_, err = d.Change(ctx, a.ID, user.Change{Preferences: &[]user.Preference{{Category: "x", Channel: "y"}}})
	requireRefusal(t, err, fault.Invalid)
	a, err = d.Change(ctx, a.ID, user.Change{Preferences: &[]user.Preference{}})
	require.NoError(t, err)
	require.Empty(t, a.Preferences)
	delivery, err := d.PutDelivery(ctx, a.ID, user.Delivery{
		Name: "Ada", Line1: "Hauptstr. 1", Line2: "c/o B", City: "Köln", PostalCode: "50667", Region: "NRW", Country: "DE",
	})
	require.NoError(t, err)
	deliveries, err := d.Deliveries(ctx, a.ID)
	require.NoError(t, err)
	require.Equal(t, []user.Delivery{delivery}, deliveries)
	require.NoError(t, d.RemoveDelivery(ctx, a.ID, delivery.ID))

	ends := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	k, secret, err := d.CreateKey(ctx, user.NewKey{Account: a.ID, Name: "shop", Scopes: []string{user.ReadOrders}, Expires: ends, By: "ada"})
	require.NoError(t, err)
	i, err = d.CheckKey(ctx, secret)
	require.NoError(t, err)
	require.Equal(t, token.Identity{Account: a.ID, Key: k.ID, Scopes: []string{user.ReadOrders}, Expires: ends}, i)
	keys, err := d.Keys(ctx, a.ID)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	k.UsedAt = keys[0].UsedAt
	require.Equal(t, k, keys[0])
	require.NoError(t, d.RevokeKey(ctx, a.ID, k.ID, "ada"))
	_, err = d.CheckKey(ctx, secret)
	requireRefusal(t, err, token.Unauthenticated)

	requireRefusal(t, d.ChangePassword(ctx, user.PasswordChange{Account: a.ID, Session: s.Session, Old: better, New: good}), user.BadCredentials)
	require.NoError(t, d.ChangePassword(ctx, user.PasswordChange{Account: a.ID, Session: s.Session, Old: good, New: better}))
	require.NoError(t, d.AskReset(ctx, email))
	require.NoError(t, d.Reset(ctx, mail(email).Token, good))
	requireRefusal(t, d.CheckSession(ctx, s.Session), token.Unauthenticated)
	s, err = d.LogIn(ctx, user.Login{Email: email, Password: good})
	require.NoError(t, err)
	require.NoError(t, d.ChangeEmail(ctx, user.EmailChange{Account: a.ID, Session: s.Session, Password: good, Email: "new-" + email}))
	require.Equal(t, user.ConfirmAddress, mail("new-"+email).Template)

	_, err = d.Create(ctx, user.Registration{Email: other, Name: "Eve", Locale: "en"}, "king", "root")
	requireRefusal(t, err, fault.Invalid)
	eve, err := d.Create(ctx, user.Registration{Email: other, Name: "Eve", Locale: "en"}, user.Support, "root")
	require.NoError(t, err)
	found, err := d.Find(ctx, strings.ToUpper(other))
	require.NoError(t, err)
	require.Equal(t, eve, found)
	decision := user.Decision{Account: eve.ID, By: "root", Reason: "ticket 7"}
	eve, err = d.SetRole(ctx, decision, user.Operator)
	require.NoError(t, err)
	require.Equal(t, user.Operator, eve.Role)
	eve, err = d.Lock(ctx, decision)
	require.NoError(t, err)
	require.Equal(t, "ticket 7", eve.Locked)
	eve, err = d.Unlock(ctx, decision)
	require.NoError(t, err)
	require.Empty(t, eve.Locked)
	records, err := d.Records(ctx, eve.ID, "", 2)
	require.NoError(t, err)
	require.Equal(t, []any{user.Unlocked, "root", "ticket 7", user.Locked},
		[]any{records[0].Event, records[0].By, records[0].Note, records[1].Event})
	records, err = d.Records(ctx, eve.ID, records[1].ID, 100)
	require.NoError(t, err)
	require.Equal(t, []user.Event{user.RoleChanged, user.Registered}, []user.Event{records[0].Event, records[1].Event})
	for _, limit := range []int{0, -1, 201, 1 << 40} {
		_, err = d.Records(ctx, eve.ID, "", limit)
		requireRefusal(t, err, fault.Invalid)
		_, err = d.Mails(ctx, limit)
		requireRefusal(t, err, fault.Invalid)
		_, err = d.Acts(ctx, "", "", limit)
		requireRefusal(t, err, fault.Invalid)
	}

	begun := time.Now().Add(-time.Second)
	const id = "019a3f6c-6c42-7012-8345-678902abcdef" // as a text it has the number of a card between the letters
	retry := user.Act{By: "account " + id, About: "order " + id + "-" + own, Did: "retry payment.authorize", Reason: "they are back: at last"}
	run := user.Act{By: "night", About: "platform", Did: "run the doctor"}
	for _, a := range []user.Act{retry, run, run} {
		require.NoError(t, d.Keep(ctx, a), "every call adds one")
	}
	acts, err := d.Acts(ctx, "", "", 2)
	require.NoError(t, err)
	require.Len(t, acts, 2)
	older, err := d.Acts(ctx, "", acts[1].ID, 1)
	require.NoError(t, err)
	for i, a := range append(acts, older...) {
		require.True(t, a.ID != "" && a.At.After(begun), a)
		a.ID, a.At = "", time.Time{}
		require.Equal(t, []user.Act{run, run, retry}[i], a)
	}
	for _, a := range []user.Act{{About: "x", Did: "y"}, {By: "x", Did: "y"}, {By: "x", About: "y"}, {By: "x", About: "y", Did: "z: no"}, {By: "x", About: "y", Did: "z", Batch: strings.Repeat("b", 41)}, {By: "x", About: "y", Did: "z", Reason: "a\nb"}, {By: "x", About: "y", Did: "z", Reason: "4270 1283 4567 8902"}, {By: "x", About: "y", Did: "z", Reason: strings.Repeat("x", 1000)}} {
		requireRefusal(t, d.Keep(ctx, a), fault.Invalid)
	}
	keepsBatches(ctx, t, d)

	before, err := d.Revocations(ctx, 0)
	require.NoError(t, err)
	require.NotEmpty(t, before.Ended)
	require.NoError(t, d.Erase(ctx, a.ID, s.Session, good))
	after, err := d.Revocations(ctx, before.Position)
	require.NoError(t, err)
	require.Len(t, after.Ended, 1)
	require.Equal(t, s.Session, after.Ended[0].ID)
	_, err = d.Account(ctx, a.ID)
	requireRefusal(t, err, fault.NotFound)
	require.NoError(t, d.LogOut(ctx, eve.ID, ""))
}

// TestEveryValueIsInTheContractAndNoOther compares the closed sets with their declarations.
func TestEveryValueIsInTheContractAndNoOther(t *testing.T) {
	t.Parallel()
	for _, role := range pb.Role_name {
		if _, err := user.ParseRole(strings.ToLower(strings.TrimPrefix(role, "ROLE_"))); err != nil {
			require.Equal(t, "ROLE_UNSPECIFIED", role)
		}
	}
	require.Len(t, pb.Template_name, len(user.Templates)+1)
	for _, template := range user.Templates {
		require.Contains(t, pb.Template_value, "TEMPLATE_"+strings.ToUpper(string(template)))
	}
}

// keepsBatches requires that the acts of a batch are kept together, and are in no other list.
func keepsBatches(ctx context.Context, t *testing.T, d user.Service) {
	t.Helper()
	id := rand.Text()[:12]
	all, err := d.Acts(ctx, "", "", 200)
	require.NoError(t, err)
	of := func(order string) user.Act {
		return user.Act{By: "night", About: "order " + order, Did: "retry", Reason: "they are back", Batch: id}
	}
	broken := of("2")
	broken.Did = ""
	requireRefusal(t, d.Keep(ctx, of("1"), broken), fault.Invalid)
	requireRefusal(t, d.Keep(ctx), fault.Invalid)
	requireRefusal(t, d.Keep(ctx, make([]user.Act, 501)...), fault.Invalid)
	none, err := d.Acts(ctx, id, "", 200)
	require.NoError(t, err)
	require.Empty(t, none, "all or none")

	require.NoError(t, d.Keep(ctx, of("1"), of("2"), of("3")))
	batch, err := d.Acts(ctx, id, "", 2)
	require.NoError(t, err)
	last, err := d.Acts(ctx, id, batch[1].ID, 2)
	require.NoError(t, err)
	for i, a := range append(batch, last...) {
		a.ID, a.At = "", time.Time{}
		require.Equal(t, of([]string{"3", "2", "1"}[i]), a)
	}
	same, err := d.Acts(ctx, "", "", 200)
	require.NoError(t, err)
	require.Equal(t, all, same, "it is not among the acts of no batch")
	_, err = d.Acts(ctx, id+"8", "", 1)
	require.NoError(t, err)
}
