package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
)

// ownExpectations are the rows of the matrix that are about accounts. The path and the body
// name what is the owner's: a session, an address, a mail.
var ownExpectations = map[string]may{
	"RegisterAccount":  {202, 202, 202, 202, 202, 202, 202, 202},
	"ConfirmMail":      {200, 200, 200, 200, 200, 200, 200, 200}, // the body is the proof, here and below
	"LogIn":            {201, 201, 201, 201, 201, 201, 201, 201},
	"RefreshSession":   {200, 200, 200, 200, 200, 200, 200, 200},
	"AskPasswordReset": {202, 202, 202, 202, 202, 202, 202, 202},
	"ResetPassword":    {204, 204, 204, 204, 204, 204, 204, 204},
	"GetKeys":          {200, 200, 200, 200, 200, 200, 200, 200},
	"ListSessions":     {200, 200, 401, 200, 200, 401, 401, 401},
	"LogOutEverywhere": {204, 204, 401, 204, 204, 401, 401, 401},
	"LogOut":           {204, 404, 401, 404, 404, 401, 401, 401},
	"GetMe":            {200, 200, 401, 200, 200, 401, 401, 401},
	"ChangeMe":         {200, 200, 401, 200, 200, 401, 401, 401},
	"EraseMe":          {204, 204, 401, 204, 204, 401, 401, 401},
	"ChangePassword":   {204, 204, 401, 204, 204, 401, 401, 401},
	"ListAddresses":    {200, 200, 401, 200, 200, 401, 401, 401},
	"AddAddress":       {201, 201, 401, 201, 201, 401, 401, 401},
	"ReplaceAddress":   {200, 404, 401, 404, 404, 401, 401, 401},
	"RemoveAddress":    {204, 204, 401, 204, 204, 401, 401, 401}, // of another's it removes nothing
	"GetPreferences":   {200, 200, 401, 200, 200, 401, 401, 401},
	"SetPreferences":   {200, 200, 401, 200, 200, 401, 401, 401},
}

// TestAccessToAccounts calls every operation of accounts as every caller, each time for a
// new account, and requires that nobody but its owner sees or changes it.
func TestAccessToAccounts(t *testing.T) {
	t.Parallel()
	b := accountsOf(t)
	called := 0
	for _, r := range publicRoutes {
		row, ok := ownExpectations[r.operation]
		require.Equal(t, r.backend == accounts, ok, "%s: who may call it?", r.operation)
		for i, name := range callers {
			if !ok {
				continue
			}
			called++
			o := b.owned(t, fmt.Sprintf("%s-%d@example.com", strings.ToLower(r.operation), i))
			before := b.everythingOf(t, o.Account)
			headers := []string{"Accept: application/json"}
			if auth := b.as(t, name, o); auth != "" {
				headers = append(headers, auth)
			}
			path, body := o.call(r)
			if body != "" {
				headers = append(headers, asJSONBody)
			}
			answer := b.do(t, r.method, path, body, headers...)
			require.Equal(t, row[i], answer.StatusCode, "%s as %s: %s", r.operation, name, answer.text)
			if answer.StatusCode == http.StatusUnauthorized {
				answer.refused(t, http.StatusUnauthorized, token.Unauthenticated)
			}
			if r.auth == ownAccount && name != "owner" {
				require.NotContains(t, answer.text, o.Account, "%s as %s", r.operation, name)
				require.NotContains(t, answer.text, o.email, "%s as %s", r.operation, name)
				require.Equal(t, before, b.everythingOf(t, o.Account), "%s as %s", r.operation, name)
			}
		}
	}
	require.Equal(t, len(ownExpectations)*len(callers), called)
}

// owned is an account with one of everything.
type owned struct {
	contract.Tokens

	email, pending     string
	other              string // a second session
	address            string
	registration, lost string // tokens of mails
}

func (b accountsBundle) owned(t *testing.T, email string) owned {
	t.Helper()
	o := owned{email: email, pending: "pending-" + email}
	o.Tokens = b.member(t, email, user.Customer)
	o.other = b.logIn(t, email).Session
	o.address = into[contract.SavedAddress](t, b.json(t, http.StatusCreated, http.MethodPost, "/v1/me/addresses", home, bearer(o.Tokens))).Id
	require.NoError(t, b.users.Register(t.Context(), user.Registration{Email: o.pending, Password: firstPassword, Name: "Pending", Locale: "en"}))
	o.registration = b.mail(t, o.pending, user.ConfirmRegistration)
	require.NoError(t, b.users.AskReset(t.Context(), email))
	o.lost = b.mail(t, email, user.ResetPassword)
	return o
}

// member makes an account with a role, and logs in.
func (b accountsBundle) member(t *testing.T, email string, role user.Role) contract.Tokens {
	t.Helper()
	_, err := b.users.Create(t.Context(), user.Registration{Email: email, Password: firstPassword, Name: "Ada", Locale: "en"}, role, "tests")
	require.NoError(t, err)
	return b.logIn(t, email)
}

const home = `{"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}`

// call returns the path and the body of an operation about what o owns.
func (o owned) call(r route) (path, body string) {
	id := o.other
	if strings.Contains(r.path, "addresses") {
		id = o.address
	}
	path = strings.NewReplacer("{id}", id, "{token}", o.lost).Replace(r.path)
	switch r.operation {
	case "RegisterAccount":
		body = `{"email": "new-` + o.email + `", "name": "Ada"}`
	case "ConfirmMail":
		body = text(map[string]string{"token": o.registration, "password": firstPassword})
	case "LogIn":
		body = credentials(o.email, firstPassword)
	case "RefreshSession":
		body = text(map[string]string{"refresh_token": *o.RefreshToken})
	case "AskPasswordReset":
		body = text(map[string]string{"email": o.email})
	case "ResetPassword":
		body = text(map[string]string{"password": secondPassword})
	case "ChangeMe":
		body = `{"name": "Eve"}`
	case "EraseMe":
		body = text(map[string]string{"password": firstPassword})
	case "ChangePassword":
		body = text(map[string]string{"old_password": firstPassword, "new_password": secondPassword})
	case "AddAddress", "ReplaceAddress":
		body = strings.Replace(home, "Hauptstr. 1", "Nebenstr. 2", 1)
	case "SetPreferences":
		body = `{"preferences": [{"category": "offers", "channel": "email", "wanted": true}]}`
	}
	return path, body
}

// as returns the header by which a caller of the matrix proves itself, "" for a guest.
func (b accountsBundle) as(t *testing.T, name string, o owned) string {
	t.Helper()
	switch name {
	case "owner":
		return bearer(o.Tokens)
	case "other customer":
		return bearer(b.member(t, strings.Replace(o.email, "@", "@other.", 1), user.Customer))
	case "support":
		return bearer(b.member(t, strings.Replace(o.email, "@", "@other.", 1), user.Support))
	case "operator":
		return bearer(b.member(t, strings.Replace(o.email, "@", "@other.", 1), user.Operator))
	case "expired":
		return signed(t, b.signer, o.Account, o.Session, time.Now().Add(-token.Lifetime-2*token.Leeway), operatorScopes...)
	case "revoked":
		was := b.logIn(t, o.email)
		require.NoError(t, b.users.LogOut(t.Context(), o.Account, was.Session))
		return bearer(was)
	case "wrong audience":
		return forAnother(t, b.signer, o.Account, o.Session)
	}
	return ""
}

// everythingOf returns what an account has.
func (b accountsBundle) everythingOf(t *testing.T, account string) []any {
	t.Helper()
	a, err := b.users.Account(t.Context(), account)
	require.NoError(t, err)
	sessions, err := b.users.Sessions(t.Context(), account)
	require.NoError(t, err)
	deliveries, err := b.users.Deliveries(t.Context(), account)
	require.NoError(t, err)
	return []any{a, sessions, deliveries}
}
