package look

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Policy lets a page load from its own address only, send forms only there, and stand in no
// frame.
const Policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Guard adds the headers that protect the pages of next, and refuses requests by which
// another site would change something in its reader's name.
func Guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return protection.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	}))
}

// Forms makes the tokens of forms, which prove that a form is from a page of the same
// session, and checks them. It is safe for concurrent use.
type Forms struct{ key []byte }

// TokenField is the name of the field of a form that has its token.
const TokenField = "csrf"

// NewForms returns forms whose tokens are derived from a key: the same for all processes that
// serve one site. An empty key is replaced by a random one, so that the tokens end with the
// process.
func NewForms(key []byte) *Forms {
	if len(key) == 0 {
		key = make([]byte, sha256.Size)
		_, _ = rand.Read(key) // it never fails
	}
	return &Forms{key}
}

// Token returns the token of the forms of a session.
func (f *Forms) Token(session string) string {
	mac := hmac.New(sha256.New, f.key)
	_, _ = mac.Write([]byte(session)) // it never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Valid reports whether a form has the token of a session.
func (f *Forms) Valid(session, token string) bool {
	return hmac.Equal([]byte(f.Token(session)), []byte(token))
}

// Cookie returns a cookie that scripts cannot read and other sites cannot send along with
// their forms, below a path. It ends after age, or with the browser if age is 0; a negative
// age removes it. It is secure, as the API's cookies of a session always are, unless the connection
// of the browser is plain.
func Cookie(r *http.Request, name, value, below string, age time.Duration) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: below, HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode} //nolint:gosec // G124: browsers drop a secure cookie of a plain connection, so that Secure follows r
	switch {
	case age > 0:
		c.MaxAge = int(age.Seconds())
	case age < 0:
		c.MaxAge = -1
	}
	return c
}

// secure reports whether the browser has asked over TLS, as far as is known. A proxy in front
// may have ended that, and need not say so; browsers do: they send Sec-Fetch-Site over TLS, and
// within one machine, where some of them drop secure cookies, and nothing reads along.
func secure(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("Sec-Fetch-Site") != "" && !loopback(r.Host)
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && address.IsLoopback()
}

// Local returns a path below another one of this site, with its query, as a page or a link
// named it, or other if it might lead elsewhere: browsers read // and \ as the beginning of a
// host, and resolve dots.
func Local(path, below, other string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, below+"/") ||
		strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.Contains(u.Path, "/..") {
		return other
	}
	return u.RequestURI()
}
