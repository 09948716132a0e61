// Package guest keeps clients without an account on one side of a route.
package guest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/legacy/upstream"
)

// life is how long a guest stays on a side.
const life = 365 * 24 * time.Hour

// valid matches ids of guests, which may be their own choice: they decide about nothing but
// the side.
var valid = regexp.MustCompile(`^[A-Za-z0-9_-]{22,64}$`)

// ID returns the id of the guest who makes a request. A guest without one gets one, for later
// requests. It is derived from the Idempotency-Key if there is one: a repeat of a placement,
// whose first answer and its cookie were lost, must come to the same side.
func ID(c echo.Context) string {
	r := c.Request()
	if cookie, err := r.Cookie(upstream.CookieGuest); err == nil && valid.MatchString(cookie.Value) {
		return cookie.Value
	}
	id := rand.Text()
	if key, err := header.Key(r.Header); err == nil {
		sum := sha256.Sum256([]byte("amends-route-key\x00" + key))
		id = base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	c.SetCookie(&http.Cookie{ //nolint:gosec // a browser keeps no Secure cookie of plain HTTP
		Name: upstream.CookieGuest, Value: id, Path: "/", MaxAge: int(life.Seconds()),
		Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return id
}
