package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	b := accountsOf(t)

	t.Run("RegistrationAnswersTheSameForAKnownAddress", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "known@example.com")
		known := b.json(t, 202, "POST", "/v1/users", `{"email": "Known@example.com", "name": "Eve"}`)
		unknown := b.json(t, 202, "POST", "/v1/users", `{"email": "unknown@example.com", "name": "Eve"}`)
		requireAlike(t, known, unknown)
		require.Empty(t, b.mail(t, "known@example.com", user.AlreadyRegistered))
		b.json(t, 410, "POST", "/v1/users/verification", `{"token": "amm_no_such", "password": "`+firstPassword+`"}`).refused(t, 410, user.TokenSpent)
	})
	t.Run("RegistrationNamesEveryWrongField", func(t *testing.T) {
		t.Parallel()
		p := b.json(t, 422, "POST", "/v1/users", `{"email": "ada", "name": " ", "locale": "x y"}`).problem(t)
		require.Len(t, *p.Errors, 3, "%+v", *p.Errors)
		b.json(t, 400, "POST", "/v1/users", `{"email": "ada@example.com", "name": "Ada", "role": "operator"}`).refused(t, 400, problem.MalformedBody)
		b.do(t, "POST", "/v1/users", `{}`).refused(t, 415, problem.MediaTypeUnsupported)
	})
	t.Run("TheReaderOfTheMailChoosesThePassword", func(t *testing.T) {
		t.Parallel()
		b.json(t, 202, "POST", "/v1/users", `{"email": "victim@example.com", "password": "`+secondPassword+`", "name": "Eve"}`)
		sent := b.mail(t, "victim@example.com", user.ConfirmRegistration)
		for _, weak := range []string{`{"token": "` + sent + `"}`, `{"token": "` + sent + `", "password": "password1"}`} {
			refused := b.json(t, 422, "POST", "/v1/users/verification", weak).refused(t, 422, password.Weak)
			require.Equal(t, "/password", (*refused.Errors)[0].Pointer)
		}
		b.json(t, 200, "POST", "/v1/users/verification", `{"token": "`+sent+`", "password": "`+firstPassword+`"}`)
		b.json(t, 403, "POST", "/v1/sessions", credentials("victim@example.com", secondPassword)).refused(t, 403, user.BadCredentials)
		b.logIn(t, "victim@example.com")
	})
	t.Run("AnAddressThatAnotherAccountGotMeanwhileIsTaken", func(t *testing.T) {
		t.Parallel()
		b.json(t, 202, "POST", "/v1/users", `{"email": "late@example.com", "name": "Ada"}`)
		_, err := b.users.Create(t.Context(), user.Registration{Email: "late@example.com", Name: "Eve", Locale: "en"}, user.Customer, "tests")
		require.NoError(t, err)
		sent := b.mail(t, "late@example.com", user.ConfirmRegistration)
		b.json(t, 409, "POST", "/v1/users/verification", `{"token": "`+sent+`", "password": "`+firstPassword+`"}`).refused(t, 409, user.AddressTaken)
	})
	t.Run("LogInAnswersTheSameForAnUnknownAddress", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "shy@example.com")
		for range user.FreeAttempts {
			known := b.json(t, 403, "POST", "/v1/sessions", credentials("shy@example.com", secondPassword))
			unknown := b.json(t, 403, "POST", "/v1/sessions", credentials("nobody@example.com", secondPassword))
			requireAlike(t, known, unknown)
			known.refused(t, 403, user.BadCredentials)
		}
		known := b.json(t, 429, "POST", "/v1/sessions", credentials("shy@example.com", firstPassword))
		unknown := b.json(t, 429, "POST", "/v1/sessions", credentials("nobody@example.com", firstPassword))
		for _, r := range []response{known, unknown} {
			r.refused(t, 429, user.TryLater)
			seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
			require.NoError(t, err)
			require.Positive(t, seconds)
		}
		b.json(t, 403, "POST", "/v1/sessions", credentials("no address", firstPassword)).refused(t, 403, user.BadCredentials)
	})
	t.Run("ASessionIsRefreshedAndListedAndEnded", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "sessions@example.com")
		first, second := b.logIn(t, "sessions@example.com"), b.logIn(t, "sessions@example.com")
		renewed := into[contract.Tokens](t, b.json(t, 200, "POST", "/v1/sessions/refresh", `{"refresh_token": "`+*first.RefreshToken+`"}`))
		require.Equal(t, first.Session, renewed.Session)
		require.NotEqual(t, first.RefreshToken, renewed.RefreshToken)
		all := into[contract.Sessions](t, b.json(t, 200, "GET", "/v1/sessions", "", bearer(second)))
		require.Len(t, all.Sessions, 2)
		for _, s := range all.Sessions {
			require.Equal(t, s.Id == second.Session, s.Current)
		}
		b.json(t, 204, "DELETE", "/v1/sessions/"+first.Session, "", bearer(second))
		b.json(t, 204, "DELETE", "/v1/sessions/"+first.Session, "", bearer(second))
		b.json(t, 401, "POST", "/v1/sessions/refresh", `{"refresh_token": "`+*renewed.RefreshToken+`"}`).refused(t, 401, user.SessionEnded)
		for _, id := range []string{"none", "%ff", "a%00"} {
			b.json(t, 404, "DELETE", "/v1/sessions/"+id, "", bearer(second)).refused(t, 404, fault.NotFound)
		}
		b.json(t, 401, "GET", "/v1/me", "", bearer(second), "Authorization: Bearer x").refused(t, 401, token.Unauthenticated)
		b.json(t, 204, "DELETE", "/v1/sessions/current", "", bearer(second))
		b.json(t, 401, "GET", "/v1/me", "", bearer(second)).refused(t, 401, token.Unauthenticated)
		third := b.logIn(t, "sessions@example.com")
		b.json(t, 204, "DELETE", "/v1/sessions", "", bearer(third))
		b.json(t, 401, "GET", "/v1/sessions", "", bearer(third)).refused(t, 401, token.Unauthenticated)
	})
	t.Run("AnotherAccountsSessionIsNotFound", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "mine@example.com")
		b.registered(t, "theirs@example.com")
		mine, theirs := b.logIn(t, "mine@example.com"), b.logIn(t, "theirs@example.com")
		b.json(t, 404, "DELETE", "/v1/sessions/"+theirs.Session, "", bearer(mine)).refused(t, 404, fault.NotFound)
		b.json(t, 200, "GET", "/v1/me", "", bearer(theirs))
	})
	t.Run("TheOwnerChangesTheAccount", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "me@example.com")
		me := b.logIn(t, "me@example.com")
		a := into[contract.Account](t, b.json(t, 200, "GET", "/v1/me", "", bearer(me)))
		require.Equal(t, []any{"me@example.com", "Ada", "en", "customer"}, []any{a.Email, a.Name, a.Locale, a.Role})
		a = into[contract.Account](t, b.json(t, 200, "PATCH", "/v1/me", `{"name": "Grace", "locale": "de-AT"}`, bearer(me)))
		require.Equal(t, []any{"Grace", "de-AT"}, []any{a.Name, a.Locale})
		for _, body := range []string{`{}`, `{"email": "new@example.com"}`, `{"password": "x"}`, `{"email": "new", "password": "x"}`} {
			b.json(t, 422, "PATCH", "/v1/me", body, bearer(me)).refused(t, 422, problem.ValidationFailed)
		}
		b.json(t, 403, "PATCH", "/v1/me", credentials("new@example.com", secondPassword), bearer(me)).refused(t, 403, user.BadCredentials)
		a = into[contract.Account](t, b.json(t, 200, "PATCH", "/v1/me", credentials("new@example.com", firstPassword), bearer(me)))
		require.Equal(t, "me@example.com", a.Email, "until it is confirmed")
		done := into[contract.Confirmed](t, b.json(t, 200, "POST", "/v1/users/verification", `{"token": "`+b.mail(t, "new@example.com", user.ConfirmAddress)+`"}`))
		require.Equal(t, contract.Confirmed{Account: me.Account, Confirmed: "address"}, done)
		require.Equal(t, "new@example.com", into[contract.Account](t, b.json(t, 200, "GET", "/v1/me", "", bearer(me))).Email)
	})
	t.Run("ChangingThePasswordEndsTheOtherSessions", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "password@example.com")
		me, other := b.logIn(t, "password@example.com"), b.logIn(t, "password@example.com")
		change := func(from, to string) string { return text(map[string]string{"old_password": from, "new_password": to}) }
		b.json(t, 403, "PUT", "/v1/me/password", change(secondPassword, secondPassword), bearer(me)).refused(t, 403, user.BadCredentials)
		weak := b.json(t, 422, "PUT", "/v1/me/password", change(firstPassword, "short"), bearer(me)).refused(t, 422, password.Weak)
		require.Equal(t, "/new_password", (*weak.Errors)[0].Pointer)
		b.json(t, 204, "PUT", "/v1/me/password", change(firstPassword, secondPassword), bearer(me))
		b.json(t, 200, "GET", "/v1/me", "", bearer(me))
		b.json(t, 401, "GET", "/v1/me", "", bearer(other)).refused(t, 401, token.Unauthenticated)
		b.json(t, 201, "POST", "/v1/sessions", credentials("password@example.com", secondPassword))
	})
	t.Run("AForgottenPasswordIsReset", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "reset@example.com")
		me := b.logIn(t, "reset@example.com")
		known := b.json(t, 202, "POST", "/v1/password-resets", `{"email": "reset@example.com"}`)
		requireAlike(t, known, b.json(t, 202, "POST", "/v1/password-resets", `{"email": "no-one@example.com"}`))
		b.json(t, 422, "POST", "/v1/password-resets", `{"email": "no one"}`).refused(t, 422, problem.ValidationFailed)
		at := "/v1/password-resets/" + url.PathEscape(b.mail(t, "reset@example.com", user.ResetPassword))
		b.json(t, 422, "PUT", at, `{"password": "short"}`).refused(t, 422, password.Weak)
		b.json(t, 204, "PUT", at, `{"password": "`+secondPassword+`"}`)
		b.json(t, 410, "PUT", at, `{"password": "`+secondPassword+`"}`).refused(t, 410, user.TokenSpent)
		b.json(t, 410, "PUT", "/v1/password-resets/%ff", `{"password": "`+secondPassword+`"}`).refused(t, 410, user.TokenSpent)
		b.json(t, 401, "GET", "/v1/me", "", bearer(me)).refused(t, 401, token.Unauthenticated)
	})
	t.Run("AddressesAreKept", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "addresses@example.com")
		me := b.logIn(t, "addresses@example.com")
		kept := into[contract.SavedAddress](t, b.json(t, 201, "POST", "/v1/me/addresses", home, bearer(me)))
		require.Equal(t, "10115", *kept.PostalCode)
		at := "/v1/me/addresses/" + kept.Id
		moved := into[contract.SavedAddress](t, b.json(t, 200, "PUT", at, strings.Replace(home, "Hauptstr. 1", "Nebenstr. 2", 1), bearer(me)))
		require.Equal(t, []string{kept.Id, "Nebenstr. 2"}, []string{moved.Id, moved.Line1})
		require.Equal(t, []contract.SavedAddress{moved}, into[contract.SavedAddresses](t, b.json(t, 200, "GET", "/v1/me/addresses", "", bearer(me))).Addresses)
		b.json(t, 422, "POST", "/v1/me/addresses", strings.Replace(home, "DE", "ZZ", 1), bearer(me)).refused(t, 422, problem.ValidationFailed)
		b.registered(t, "neighbour@example.com")
		b.json(t, 404, "PUT", at, home, bearer(b.logIn(t, "neighbour@example.com"))).refused(t, 404, fault.NotFound)
		b.json(t, 404, "PUT", "/v1/me/addresses/%ff", home, bearer(me)).refused(t, 404, fault.NotFound)
		b.json(t, 204, "DELETE", at, "", bearer(me))
		b.json(t, 204, "DELETE", at, "", bearer(me))
		require.Empty(t, into[contract.SavedAddresses](t, b.json(t, 200, "GET", "/v1/me/addresses", "", bearer(me))).Addresses)
		for range user.MaxAddresses {
			b.json(t, 201, "POST", "/v1/me/addresses", home, bearer(me))
		}
		b.json(t, 409, "POST", "/v1/me/addresses", home, bearer(me)).refused(t, 409, user.TooMany)
	})
	t.Run("PreferencesAreReplaced", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "preferences@example.com")
		me := b.logIn(t, "preferences@example.com")
		const offers = `{"preferences":[{"category":"offers","channel":"email","wanted":true}]}`
		require.JSONEq(t, `{"preferences":[]}`, b.json(t, 200, "GET", "/v1/me/preferences", "", bearer(me)).text)
		require.JSONEq(t, offers, b.json(t, 200, "PUT", "/v1/me/preferences", offers, bearer(me)).text)
		require.JSONEq(t, offers, b.json(t, 200, "GET", "/v1/me/preferences", "", bearer(me)).text)
		b.json(t, 422, "PUT", "/v1/me/preferences", strings.Replace(offers, "email", "pigeon", 1), bearer(me)).refused(t, 422, problem.ValidationFailed)
		b.json(t, 200, "PUT", "/v1/me/preferences", `{"preferences":[]}`, bearer(me))
	})
	t.Run("AnAccountIsErasedByItsOwner", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "erase@example.com")
		me := b.logIn(t, "erase@example.com")
		body := func(password string) string { return `{"password": "` + password + `"}` }
		b.json(t, 403, "DELETE", "/v1/me", body(secondPassword), bearer(me)).refused(t, 403, user.BadCredentials)
		b.orders.yes = true
		b.json(t, 409, "DELETE", "/v1/me", body(firstPassword), bearer(me)).refused(t, 409, user.OrdersOpen)
		b.orders.yes = false
		b.json(t, 204, "DELETE", "/v1/me", body(firstPassword), bearer(me))
		b.json(t, 401, "GET", "/v1/me", "", bearer(me)).refused(t, 401, token.Unauthenticated)
		b.json(t, 403, "POST", "/v1/sessions", credentials("erase@example.com", firstPassword)).refused(t, 403, user.BadCredentials)
	})
	t.Run("AnAPIKeyDoesWhatItsScopesAllow", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "machine@example.com")
		me := b.logIn(t, "machine@example.com")
		key := func(scope string) string {
			_, secret, err := b.users.CreateKey(t.Context(), user.NewKey{Account: me.Account, Name: scope, Scopes: []string{scope}, By: "tests"})
			require.NoError(t, err)
			return "Authorization: Bearer " + secret
		}
		b.json(t, 403, "GET", "/v1/me", "", key(user.ReadOrders)).refused(t, 403, problem.ScopeMissing)
		full := key(user.OwnAccount)
		b.json(t, 200, "GET", "/v1/me", "", full)
		b.json(t, 403, "DELETE", "/v1/sessions/current", "", full).refused(t, 403, problem.SessionNeeded)
		b.json(t, 403, "DELETE", "/v1/me", `{"password": "`+firstPassword+`"}`, full).refused(t, 403, problem.SessionNeeded)
		b.json(t, 403, "PATCH", "/v1/me", credentials("k@example.com", firstPassword), full).refused(t, 403, problem.SessionNeeded)
		b.json(t, 403, "PUT", "/v1/me/password", text(map[string]string{"old_password": firstPassword, "new_password": secondPassword}), full).refused(t, 403, problem.SessionNeeded)
	})
	t.Run("TheKeysOfTokensArePublic", func(t *testing.T) {
		t.Parallel()
		b.registered(t, "keys@example.com")
		b.logIn(t, "keys@example.com")
		r := b.json(t, 200, "GET", "/.well-known/jwks.json", "")
		require.Equal(t, "public, max-age=300", r.Header.Get("Cache-Control"))
		var keys contract.Keys
		require.NoError(t, json.Unmarshal([]byte(r.text), &keys))
		require.NotEmpty(t, keys.Keys)
		require.Equal(t, []string{"OKP", "Ed25519", "EdDSA", "sig"}, []string{keys.Keys[0].Kty, keys.Keys[0].Crv, keys.Keys[0].Alg, keys.Keys[0].Use})
	})
}

// TestOwnOperationsNeedAProof calls every operation of the table that requires an account,
// without one and with a wrong one.
func TestOwnOperationsNeedAProof(t *testing.T) {
	t.Parallel()
	b := accountsOf(t)
	called := 0
	for _, r := range publicRoutes {
		if r.auth != ownAccount {
			continue
		}
		called++
		path := strings.NewReplacer("{id}", "x").Replace(r.path)
		for _, proof := range []string{"Accept: */*", "Authorization: Bearer x", "Authorization: Bearer amk_a_b", "Authorization: Basic eDp5", "Cookie: __Host-amends-refresh=x"} {
			answer := b.do(t, r.method, path, "", proof)
			answer.refused(t, http.StatusUnauthorized, token.Unauthenticated)
			require.Equal(t, `Bearer realm="amends"`, answer.Header.Get("WWW-Authenticate"))
		}
	}
	require.Positive(t, called)
}

// TestAccountsNeedTheUserService: an API that is not configured where the service is says so.
func TestAccountsNeedTheUserService(t *testing.T) {
	t.Parallel()
	b := shopOf(t, WithLogger(slog.New(slog.DiscardHandler)))
	for _, r := range publicRoutes {
		if r.backend == accounts {
			path := strings.NewReplacer("{id}", "x", "{token}", "x").Replace(r.path)
			b.do(t, r.method, path, "").refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		}
	}
}
