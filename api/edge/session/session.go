// Package session keeps the tokens of a browser in its cookies.
//
// The cookies have the prefix __Host-, so that only this host sets them, and only over
// TLS or on this machine. Scripts read neither token. The cookies go along with requests that
// pages of other sites make, as far as SameSite=Lax lets them, so a request that changes something
// also repeats the value of a third cookie in a header, which such a page cannot read. Its Origin
// is checked before, see package edge.
package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/identity/token"
)

// HeaderCSRF has the value of the cookie that scripts may read.
const HeaderCSRF = "Amends-CSRF"

const (
	accessCookie  = "__Host-amends-access"
	refreshCookie = "__Host-amends-refresh"
	csrfCookie    = "__Host-amends-csrf"
)

// Tokens are those of a session, and when they end.
type Tokens struct {
	Access        string
	AccessExpires time.Time
	Refresh       string
	Expires       time.Time
}

// Jar reads the cookies of a request, and sets those of its answer.
type Jar struct {
	request *http.Request
	answer  http.ResponseWriter
}

type jarKey struct{}

// Cookies gives a request its jar; see [Of].
func Cookies(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), jarKey{}, &Jar{r, c.Response()})))
		return next(c)
	}
}

// Bearer gives a request the token of its cookie, as clients without cookies send it. It
// refuses with CSRF_TOKEN_WRONG a request that changes something and that another site may have
// made. A request that has an Authorization does not need its cookies.
func Bearer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		access := value(r, accessCookie)
		if access == "" || len(r.Header.Values(echo.HeaderAuthorization)) > 0 {
			return next(c)
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if err := checkCSRF(r); err != nil {
				return err
			}
		}
		r.Header.Set(echo.HeaderAuthorization, "Bearer "+access)
		return next(c)
	}
}

// Of returns the jar of a request that passed [Cookies], nil for another one.
func Of(ctx context.Context) *Jar {
	jar, _ := ctx.Value(jarKey{}).(*Jar)
	return jar
}

// Refresh returns the refresh token of the request's cookie. It refuses with UNAUTHENTICATED
// a request without one, and with CSRF_TOKEN_WRONG one that another site may have made.
func (j *Jar) Refresh() (string, error) {
	refresh := value(j.request, refreshCookie)
	if refresh == "" {
		return "", problem.New(token.Unauthenticated, "The request has neither a refresh token nor the cookie of one.")
	}
	return refresh, checkCSRF(j.request)
}

// Open sets the cookies of a new session, and returns the value of [HeaderCSRF].
func (j *Jar) Open(t Tokens) (csrf string) { return j.set(t, rand.Text()) }

// Renew sets the cookies of a session that goes on. The value of [HeaderCSRF] stays, for the
// sake of other tabs.
func (j *Jar) Renew(t Tokens) (csrf string) { return j.set(t, value(j.request, csrfCookie)) }

func (j *Jar) set(t Tokens, csrf string) string {
	j.add(accessCookie, t.Access, t.AccessExpires)
	j.add(refreshCookie, t.Refresh, t.Expires)
	j.add(csrfCookie, csrf, t.Expires)
	return csrf
}

// Forget removes the cookies that the request has.
func (j *Jar) Forget() {
	for _, name := range []string{accessCookie, refreshCookie, csrfCookie} {
		if value(j.request, name) != "" {
			j.add(name, "", time.Unix(1, 0))
		}
	}
}

func (j *Jar) add(name, value string, expires time.Time) {
	http.SetCookie(j.answer, &http.Cookie{ //nolint:gosec // scripts must read one of them
		Name: name, Value: value, Path: "/", Expires: expires.UTC(), Secure: true, HttpOnly: name != csrfCookie, SameSite: http.SameSiteLaxMode,
	})
}

// checkCSRF refuses with CSRF_TOKEN_WRONG a request that does not repeat the value of its
// cookie.
func checkCSRF(r *http.Request) error {
	want, got := value(r, csrfCookie), r.Header.Get(HeaderCSRF)
	if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 0 {
		return problem.New(problem.CSRFTokenWrong, "")
	}
	return nil
}

// value returns that of a cookie, "" without one.
func value(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
