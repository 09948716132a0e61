// Package ask sends the requests of a visitor of the shop to the API in the same process. The
// API treats them like those of any client: it has one way to place an order, and its checks,
// quotas and log apply.
package ask

import (
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/inner"
)

// Names of the API's cookies. The browser has the second one for as long as its session
// lasts, and the first one for as long as its access token does.
const (
	prefix = "__Host-amends-"
	access = prefix + "access"
	csrf   = prefix + "csrf"

	// side keeps a guest on one side of a route to a program behind the gateway.
	side = "amends-route"
)

// HeaderClaim has the proof that a guest's order is its sender's.
const HeaderClaim = "Amends-Claim"

// Visitor asks the API in the name of the sender of one request. It may ask several questions
// at the same time; the handler of the page writes its answer when none is under way.
type Visitor struct {
	// Claim returns the claim that the visitor has for a guest's order, or "".
	Claim func(order string) string

	api     http.Handler
	request *http.Request
	token   string // of the form that was sent; see [Visitor.Token]
	log     *slog.Logger

	mu      sync.Mutex
	answer  http.ResponseWriter // its header
	cookies map[string]string   // the API's, as the browser has them after the answer
}

// New returns the sender of a request, whose cookies are read and set. token is the field
// of its form that repeats [Visitor.Token]. The log gets the panics of the API.
func New(api http.Handler, w http.ResponseWriter, r *http.Request, token string, log *slog.Logger) *Visitor {
	v := &Visitor{Claim: func(string) string { return "" }, api: api, answer: w, request: r, token: token, log: log, cookies: map[string]string{}}
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, prefix) || c.Name == side {
			v.cookies[c.Name] = c.Value
		}
	}
	return v
}

// SignedIn reports whether the visitor has a session. The API may have ended it.
func (v *Visitor) SignedIn() bool { return v.cookie(csrf) != "" }

// Token returns the value that the forms of the visitor's pages must repeat: the API refuses
// requests that do not, because another site may have made them. A guest's have none.
func (v *Visitor) Token() string { return v.cookie(csrf) }

// Guest returns the sender of the same request without its session, in whose place it asks.
func (v *Visitor) Guest() *Visitor {
	g := &Visitor{Claim: v.Claim, api: v.api, answer: v.answer, request: v.request, log: v.log, cookies: map[string]string{}}
	v.mu.Lock()
	defer v.mu.Unlock()
	if id, kept := v.cookies[side]; kept {
		g.cookies[side] = id
	}
	return g
}

// Sealed reports whether the form that was sent has the token of the visitor's pages, so that
// the API will take it.
func (v *Visitor) Sealed() bool { return v.token == v.Token() }

// Stale reports whether the visitor's session goes on only with a new access token.
func (v *Visitor) Stale() bool { return v.SignedIn() && v.cookie(access) == "" }

func (v *Visitor) cookie(name string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cookies[name]
}

// Refresh gets a new access token.
func (v *Visitor) Refresh() error {
	before := v.token
	defer func() { v.token = before }()
	v.token = v.Token() // it changes nothing that another site could use
	_, _, err := Read[client.Tokens](v.API().RefreshSessionWithBody(v.request.Context(), "application/json", nil))
	return err
}

// Forget removes the session from the browser, after the API has ended it.
func (v *Visitor) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name := range v.cookies {
		if strings.HasPrefix(name, prefix) {
			v.set(&http.Cookie{Name: name, Path: "/", Expires: time.Unix(1, 0), MaxAge: -1, Secure: true, HttpOnly: name != csrf, SameSite: http.SameSiteLaxMode}) //nolint:gosec // G124: scripts of clients read the csrf cookie, as the API sets it
		}
	}
}

// set sends a cookie of the API to the browser, and keeps it for the next requests. Its caller
// holds the lock.
func (v *Visitor) set(c *http.Cookie) {
	http.SetCookie(v.answer, c)
	v.cookies[c.Name] = c.Value
}

// API returns the client of the API.
func (v *Visitor) API() *client.Client { return &client.Client{Server: "http://shop/", Client: v} }

// Do sends a request to the API. It implements [client.HttpRequestDoer]. The body of the answer
// must be closed.
func (v *Visitor) Do(r *http.Request) (*http.Response, error) {
	sent := v.dress(r)
	res, err := inner.Serve(v.api, r, v.log)
	if err != nil {
		return nil, err //nolint:wrapcheck // [Read] says of what
	}
	v.take(res.Cookies(), sent)
	return res, nil
}

// take keeps the cookies of an answer to a request that was sent with others. Of requests at
// the same time the first answer counts: each draws an id for a guest without one, and the
// browser must get one of them.
func (v *Visitor) take(got []*http.Cookie, sent map[string]string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := maps.Clone(v.cookies)
	for _, c := range got {
		if now[c.Name] == sent[c.Name] {
			v.set(c)
		}
	}
}

// dress makes r look as if the browser had sent it, and returns its cookies.
func (v *Visitor) dress(r *http.Request) (sent map[string]string) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.URL.Scheme, r.URL.Host = "", ""
	r.Host, r.RemoteAddr, r.TLS, r.RequestURI = v.request.Host, v.request.RemoteAddr, v.request.TLS, r.URL.RequestURI()
	r.Proto, r.ProtoMajor, r.ProtoMinor = v.request.Proto, v.request.ProtoMajor, v.request.ProtoMinor
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json")
	}
	r.Header.Set("User-Agent", v.request.UserAgent())
	if v.token != "" {
		r.Header.Set("Amends-CSRF", v.token)
	}
	if _, rest, ok := strings.Cut(r.URL.Path, "/v1/orders/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		if claim := v.Claim(id); claim != "" {
			r.Header.Set(HeaderClaim, claim)
		}
	}
	return v.identify(r)
}

// identify adds the id of the page's request, and the cookies, which it returns.
func (v *Visitor) identify(r *http.Request) (sent map[string]string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if id := v.answer.Header().Get("X-Request-Id"); id != "" {
		r.Header.Set("X-Request-Id", id)
	}
	for name, value := range v.cookies {
		if value != "" {
			r.AddCookie(&http.Cookie{Name: name, Value: value}) //nolint:gosec // G124: a request has no attributes of cookies
		}
	}
	return maps.Clone(v.cookies)
}
