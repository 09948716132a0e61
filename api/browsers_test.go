package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
)

// cookiesOf returns the cookies that an answer sets, by name, and requires their properties.
func cookiesOf(t *testing.T, r response) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, c := range r.Cookies() {
		require.True(t, strings.HasPrefix(c.Name, "__Host-amends-"), c.Name)
		require.True(t, c.Secure)
		require.Equal(t, "/", c.Path)
		require.Empty(t, c.Domain)
		require.Equal(t, http.SameSiteLaxMode, c.SameSite)
		require.Equal(t, c.Name != "__Host-amends-csrf", c.HttpOnly, c.Name)
		require.False(t, c.Expires.IsZero())
		all[c.Name] = c.Value
	}
	return all
}

func cookieHeader(all map[string]string) string {
	var parts []string
	for name, value := range all {
		parts = append(parts, name+"="+value)
	}
	return "Cookie: " + strings.Join(parts, "; ")
}

func TestBrowsersHaveCookies(t *testing.T) {
	t.Parallel()
	b := accountsOf(t)
	b.registered(t, "browser@example.com")
	opened := b.json(t, 201, "POST", "/v1/sessions", `{"email": "browser@example.com", "password": "`+firstPassword+`", "cookies": true}`)
	in := into[contract.Tokens](t, opened)
	require.Nil(t, in.AccessToken)
	require.Nil(t, in.RefreshToken)
	jar := cookiesOf(t, opened)
	require.Len(t, jar, 3)
	require.NotContains(t, opened.text, jar["__Host-amends-access"])
	require.NotContains(t, opened.text, jar["__Host-amends-refresh"])
	csrf := "Amends-CSRF: " + *in.CsrfToken
	require.Equal(t, jar["__Host-amends-csrf"], *in.CsrfToken)

	b.json(t, 200, "GET", "/v1/me", "", cookieHeader(jar))
	without := map[string]string{"__Host-amends-access": jar["__Host-amends-access"], "__Host-amends-refresh": jar["__Host-amends-refresh"]}
	for name, header := range map[string][]string{
		"NoHeader":    {cookieHeader(jar)},
		"WrongHeader": {cookieHeader(jar), "Amends-CSRF: " + strings.Repeat("x", len(*in.CsrfToken))},
		"NoCookie":    {cookieHeader(without), csrf},
		"Neither":     {cookieHeader(without), "Amends-CSRF: "},
	} {
		b.json(t, 403, "PATCH", "/v1/me", `{"name": "Eve"}`, header...).refused(t, 403, problem.CSRFTokenWrong)
		b.json(t, 403, "DELETE", "/v1/sessions", "", header...).refused(t, 403, problem.CSRFTokenWrong)
		b.do(t, "POST", "/v1/sessions/refresh", "", append(header, asJSONBody)...).refused(t, 403, problem.CSRFTokenWrong)
		require.Equal(t, "Ada", into[contract.Account](t, b.json(t, 200, "GET", "/v1/me", "", cookieHeader(jar))).Name, name)
	}
	b.json(t, 401, "GET", "/v1/me", "", cookieHeader(jar), "Authorization: Bearer x").refused(t, 401, token.Unauthenticated)
	b.json(t, 403, "PATCH", "/v1/me", `{"name": "Eve"}`, cookieHeader(jar), csrf, "Origin: https://evil.example").refused(t, 403, problem.OriginForeign)
	b.json(t, 200, "PATCH", "/v1/me", `{"name": "Grace"}`, cookieHeader(jar), csrf)

	renewed := b.do(t, "POST", "/v1/sessions/refresh", "", cookieHeader(jar), csrf, asJSONBody)
	require.Equal(t, http.StatusOK, renewed.StatusCode, renewed.text)
	next := cookiesOf(t, renewed)
	require.Equal(t, jar["__Host-amends-csrf"], next["__Host-amends-csrf"], "other tabs go on")
	require.NotEqual(t, jar["__Host-amends-refresh"], next["__Host-amends-refresh"])
	require.Nil(t, into[contract.Tokens](t, renewed).RefreshToken)

	ended := b.json(t, 204, "DELETE", "/v1/sessions/current", "", cookieHeader(next), csrf)
	for name, value := range cookiesOf(t, ended) {
		require.Empty(t, value, name)
	}
	require.Len(t, ended.Cookies(), 3)
	over := b.do(t, "POST", "/v1/sessions/refresh", "", cookieHeader(next), csrf, asJSONBody)
	over.refused(t, 401, user.SessionEnded)
	require.Len(t, over.Cookies(), 3, "they prove nothing any more")
	b.do(t, "POST", "/v1/sessions/refresh", "", asJSONBody).refused(t, 401, token.Unauthenticated)
}

// TestManyTabsRefreshAtOnce: none of them logs the others out.
func TestManyTabsRefreshAtOnce(t *testing.T) {
	t.Parallel()
	b := accountsOf(t)
	b.registered(t, "tabs@example.com")
	opened := b.json(t, 201, "POST", "/v1/sessions", `{"email": "tabs@example.com", "password": "`+firstPassword+`", "cookies": true}`)
	jar := cookiesOf(t, opened)
	csrf := jar["__Host-amends-csrf"]

	var tabs errgroup.Group
	refreshed := make([]string, 50)
	for i := range refreshed {
		tabs.Go(func() error {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.http.URL+"/v1/sessions/refresh", http.NoBody)
			if err != nil {
				return err
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Amends-CSRF", csrf)
			r.Header.Set("Cookie", strings.TrimPrefix(cookieHeader(jar), "Cookie: "))
			answer, err := b.http.Client().Do(r)
			if err != nil {
				return err
			}
			for _, c := range answer.Cookies() {
				if c.Name == "__Host-amends-refresh" {
					refreshed[i] = c.Value
				}
			}
			return answer.Body.Close()
		})
	}
	require.NoError(t, tabs.Wait())
	for _, got := range refreshed {
		require.NotEmpty(t, got)
		require.Equal(t, refreshed[0], got, "one successor for all")
	}
	jar["__Host-amends-refresh"] = refreshed[0]
	last := b.do(t, "POST", "/v1/sessions/refresh", "", cookieHeader(jar), "Amends-CSRF: "+csrf, asJSONBody)
	require.Equal(t, http.StatusOK, last.StatusCode, last.text)
}
