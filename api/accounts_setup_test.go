package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/api/contract"
	storage "github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/rpc"
	"github.com/amends/amends/services/user/store"
)

const (
	firstPassword  = "correct horse battery"
	secondPassword = "staple the battery of a horse"
	asJSONBody     = "Content-Type: application/json"
)

// accountsBundle is a server that asks a real user service by gRPC.
type accountsBundle struct {
	*testBundle

	users  *store.Store
	orders *undecided
	signer token.PrivateKey // valid here, for tokens that the service would not sign
}

// signedBy is the user service, with one more key of tokens.
type signedBy struct {
	token.Source
	token.PublicKey
}

// SigningKeys implements [token.Source].
func (s signedBy) SigningKeys(ctx context.Context) (token.Keys, error) {
	keys, err := s.Source.SigningKeys(ctx)
	return append(keys, s.PublicKey), err
}

// undecided is whether accounts have open orders.
type undecided struct{ yes bool }

// Undecided implements [user.Orders].
func (u *undecided) Undecided(context.Context, string) (bool, error) { return u.yes, nil }

// Erase implements [user.Orders].
func (u *undecided) Erase(context.Context, user.Decision) error { return nil }

// quickly is a policy of hashes that cost nothing.
var quickly = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func accountsOf(t *testing.T) accountsBundle {
	t.Helper()
	return accountsWith(t, quickly)
}

// accountsWith is accountsOf with a policy of hashes.
func accountsWith(t *testing.T, policy argon2id.Params) accountsBundle {
	t.Helper()
	db := dbtest.Open(t, dbtest.SQLite(t), storage.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	orders := &undecided{}
	s, err := store.New(db, store.Options{
		Secret: "a secret of tests that is long enough", Orders: orders,
		Policy: policy,
	})
	require.NoError(t, err)
	remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
	signer, public := signingKey(t)
	verifier := token.NewVerifier(token.Config{Source: signedBy{remote, public}, Logger: slog.New(slog.DiscardHandler)})
	return accountsBundle{shopOf(t, WithLogger(slog.New(slog.DiscardHandler)), WithVerifier(verifier), WithUsers(remote, verifier)), s, orders, signer}
}

// json sends a body to a path and requires a status.
func (b accountsBundle) json(t *testing.T, status int, method, path, body string, header ...string) response {
	t.Helper()
	if body != "" {
		header = append(header, asJSONBody)
	}
	r := b.do(t, method, path, body, header...)
	require.Equal(t, status, r.StatusCode, "%s %s: %s", method, path, r.text)
	return r
}

func into[T any](t *testing.T, r response) (v T) {
	t.Helper()
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	require.NoError(t, json.Unmarshal([]byte(r.text), &v), r.text)
	return v
}

func bearer(t contract.Tokens) string { return "Authorization: Bearer " + *t.AccessToken }

// mail returns the token of the newest mail to an address.
func (b accountsBundle) mail(t *testing.T, to string, of user.Template) string {
	t.Helper()
	all, err := b.users.Mails(t.Context(), 100)
	require.NoError(t, err)
	for _, m := range all {
		if m.To == to && m.Template == of {
			return m.Token
		}
	}
	require.Fail(t, "no mail", "%s to %s", of, to)
	return ""
}

func text(value any) string {
	out, _ := json.Marshal(value)
	return string(out)
}

func credentials(email, password string) string {
	return text(map[string]string{"email": email, "password": password})
}

// registered makes an account.
func (b accountsBundle) registered(t *testing.T, email string) {
	t.Helper()
	r := b.json(t, 202, "POST", "/v1/users", `{"email": "`+email+`", "name": "Ada"}`)
	require.Empty(t, r.text)
	confirmed := into[contract.Confirmed](t, b.json(t, 200, "POST", "/v1/users/verification", `{"token": "`+b.mail(t, email, user.ConfirmRegistration)+`", "password": "`+firstPassword+`"}`))
	require.Equal(t, "registration", confirmed.Confirmed)
}

func (b accountsBundle) logIn(t *testing.T, email string) contract.Tokens {
	t.Helper()
	got := into[contract.Tokens](t, b.json(t, 201, "POST", "/v1/sessions", credentials(email, firstPassword)))
	require.Nil(t, got.CsrfToken)
	require.Equal(t, "Bearer", *got.TokenType)
	return got
}

// requireAlike requires that two answers tell nothing apart.
func requireAlike(t *testing.T, a, b response) {
	t.Helper()
	require.Equal(t, a.StatusCode, b.StatusCode)
	require.Equal(t, withoutOwn(a.Header), withoutOwn(b.Header))
	require.Equal(t, withoutID(t, a), withoutID(t, b))
}

// withoutOwn returns the fields of an answer that do not belong to one request alone.
func withoutOwn(h http.Header) http.Header {
	h = h.Clone()
	for _, own := range []string{"X-Request-Id", "Date", "Retry-After"} {
		h.Del(own)
	}
	return h
}

func withoutID(t *testing.T, r response) map[string]any {
	t.Helper()
	body := map[string]any{}
	if r.text != "" {
		require.NoError(t, json.Unmarshal([]byte(r.text), &body))
	}
	delete(body, "request_id")
	return body
}
