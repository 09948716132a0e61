// Package visit is one request of a visitor of the shop, and the frame of its answer: who the
// visitor is, the language, the cart, and the pages that tell of failures.
package visit

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/amends/amends/web/look"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/cookie"
	"github.com/amends/amends/web/shop/words"
)

// Names of the shop's cookies.
const (
	CartCookie     = "amends-cart"
	ClaimsCookie   = "amends-claims"
	languageCookie = "amends-language"
	SendersCookie  = "amends-senders"
	VersionCookie  = "amends-version"
)

// Lives of the cookies.
const (
	Month = 30 * 24 * time.Hour
	Year  = 365 * 24 * time.Hour
)

// maxForm is the size in bytes of the largest form.
const maxForm = 64 << 10

// Site is the shared state of the visits of a shop.
type Site struct {
	// API answers the operations of the public contract.
	API http.Handler
	// Name is the shop's. Default: Shop.
	Name string
	// Guests may order without an account.
	Guests bool
	// Tokens are payment tokens for customers to choose from, where payments are a simulation.
	// Empty: the token comes from the payment provider.
	Tokens []string
	// Log gets the failures of pages. Default: [slog.Default].
	Log *slog.Logger
	// Look writes the pages.
	Look *look.Site
}

// Visit is one request of a visitor, and its answer.
type Visit struct {
	*ask.Visitor

	Site    *Site
	W       http.ResponseWriter
	R       *http.Request
	Words   *words.Words
	Cart    cookie.Cart
	Claims  cookie.Pairs // by the numbers of a guest's orders
	Senders cookie.Pairs // of carts, by their keys

	session bool // the browser had one when it sent the request, or got its form
}

// Answer answers a request by a handler, and tells the visitor of its failure.
func (s *Site) Answer(w http.ResponseWriter, r *http.Request, handler func(*Visit) error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	token := ""
	if r.Method == http.MethodPost {
		token = r.PostFormValue(look.TokenField)
	}
	v := &Visit{
		Visitor: ask.New(s.API, w, r, token, s.Log), Site: s, W: w, R: r,
		Words: words.In(Value(r, languageCookie), r.Header.Get("Accept-Language")),
		Cart:  cookie.ParseCart(Value(r, CartCookie)), Claims: cookie.ParsePairs(Value(r, ClaimsCookie)), Senders: cookie.ParsePairs(Value(r, SendersCookie)),
	}
	v.Claim, v.session = v.Claims.Of, v.SignedIn() || token != ""
	if err := v.answer(handler); err != nil {
		v.fail(err)
	}
}

// answer answers once the language and the session are settled.
func (v *Visit) answer(answer func(*Visit) error) error {
	if lang := v.R.URL.Query().Get("lang"); lang != "" && v.R.Method == http.MethodGet {
		v.Keep(languageCookie, words.In(lang).Lang, Year)
		return v.Redirect(without(*v.R.URL, "lang"))
	}
	if v.Stale() {
		if err := v.Refresh(); ask.StatusOf(err) == http.StatusUnauthorized {
			v.Forget() // pages for all visitors go on without the session
		} else if err != nil {
			return err
		}
	}
	return answer(v)
}

// without returns a path with its query, but for one parameter of that.
func without(u url.URL, parameter string) string {
	q := u.Query()
	q.Del(parameter)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// Value returns the value of a cookie, "" without one.
func Value(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// Keep sets a cookie of the shop.
func (v *Visit) Keep(name, value string, age time.Duration) {
	http.SetCookie(v.W, look.Cookie(v.R, name, value, "/", age))
}

// KeepCart stores the cart, whose key stays.
func (v *Visit) KeepCart() { v.Keep(CartCookie, v.Cart.String(), Month) }

// Redirect sends the browser to a path of the shop, which it gets.
func (v *Visit) Redirect(path string) error { return v.redirect(path, http.StatusSeeOther) }

// Repeat has the browser send its form once more, with the cookies of this answer, to a path
// of the shop.
func (v *Visit) Repeat(path string) error { return v.redirect(path, http.StatusTemporaryRedirect) }

func (v *Visit) redirect(path string, status int) error {
	v.W.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.W, v.R, path, status)
	return nil
}

// Form returns a field of the form that was sent.
func (v *Visit) Form(name string) string { return strings.TrimSpace(v.R.PostFormValue(name)) }

// Given returns a parameter of a query, nil for an empty one.
func Given(q url.Values, name string) *string {
	if text := q.Get(name); text != "" {
		return &text
	}
	return nil
}

// frame is the content of a page with the data of its frame.
type frame struct {
	W        *words.Words
	Units    int64 // in the cart
	SignedIn bool
	Guests   bool
	Search   string
	Switch   string // leads to the page in the other language
	Name     string // of the shop
	Content  any
}

// Show answers with a page. title is that of the window.
func (v *Visit) Show(status int, name, title string, content any) error {
	return v.ShowLive(status, name, title, "", content)
}

// ShowLive answers with a page whose fragments come from a stream.
func (v *Visit) ShowLive(status int, name, title, stream string, content any) error {
	f := frame{
		W: v.Words, Units: v.Cart.Units(), SignedIn: v.SignedIn(), Guests: v.Site.Guests, Search: v.R.URL.Query().Get("q"),
		Switch: v.other(), Name: v.Site.Name, Content: content,
	}
	v.W.Header().Add("Vary", "Accept-Language, Cookie")
	//nolint:wrapcheck // it names the operation, or the client left
	return v.Site.Look.Write(v.W, status, name, look.Page{
		Lang: v.Words.Lang, Title: title, Site: v.Site.Name, Skip: v.Words.Text("skip"), Token: v.Token(), Stream: stream, Data: f,
	})
}

// other returns the path of the page in the other language; that of the products for the
// answer to a form, whose path may have no page.
func (v *Visit) other() string {
	to, u := "de", url.URL{Path: "/"}
	if v.Words.Lang == to {
		to = "en"
	}
	if v.R.Method == http.MethodGet {
		u = *v.R.URL
	}
	q := u.Query()
	q.Set("lang", to)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// fail answers a request whose page cannot be shown: the visitor is told what to do next.
func (v *Visit) fail(err error) {
	status := ask.StatusOf(err)
	if status == http.StatusUnauthorized {
		next := "/"
		if v.R.Method == http.MethodGet {
			next = v.R.URL.RequestURI()
		}
		v.Enter(next)
		return
	}
	if status == http.StatusInternalServerError {
		v.Site.Log.LogAttrs(v.R.Context(), slog.LevelError, "page", slog.String("path", v.R.URL.Path), slog.Any("error", err))
	}
	content := struct{ Title, Next, Request string }{
		v.Words.Of("problem", http.StatusText(status)), v.Words.Of("next", http.StatusText(status)), v.W.Header().Get("X-Request-Id"),
	}
	_ = v.Show(status, "problem", content.Title, content) // the client left
}

// None answers for addresses that have no page.
func None(*Visit) error { return ask.Refuse(http.StatusNotFound, "NOT_FOUND") }

// Ended reports whether the session is over in which the visitor got the page, or sent the
// request. The page of another tab may have found that out.
func (v *Visit) Ended() bool { return v.session && !v.SignedIn() }

// Enter sends the visitor to the sign-in, and from there to a path.
func (v *Visit) Enter(next string) { _ = v.Redirect(v.Entrance(next)) } // it never fails

// Entrance returns the path of the sign-in that leads to another path. A session that the
// browser had is over then.
func (v *Visit) Entrance(next string) string {
	to := url.Values{"next": {next}}
	if v.session {
		v.Forget()
		to.Set("ended", "yes")
	}
	return "/sign-in?" + to.Encode()
}
