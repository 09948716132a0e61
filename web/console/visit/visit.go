// Package visit serves one request of a person who has signed in: it knows who that is, asks
// the contracts in their name, and answers with a page, a stream of fragments, or the reason
// why there is none.
package visit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/batch"
	"github.com/amends/amends/web/console/graph"
	"github.com/amends/amends/web/console/signin"
	"github.com/amends/amends/web/look"
)

// Below is the path below which the console is served.
const Below = "/console"

// Config configures the console.
type Config struct {
	// Admin and API serve the addresses of the contracts admin.yaml and openapi.yaml.
	Admin, API http.Handler
	// Engine is the address of the engine's Web UI with its namespace, such as
	// http://127.0.0.1:8233/namespaces/default; empty: it is not known.
	Engine string
	// Graph is that of the reactions to events. The zero Graph: none is shown.
	Graph graph.Graph
	// Demo has the extras of `amends dev`. Nil: the console has no pages for it.
	Demo *Demo
	// Draining is closed when streams are to end, so that the server can stop. Nil: never.
	Draining <-chan struct{}
	// Logger gets failures. Nil is [slog.Default].
	Logger *slog.Logger
	// Now is the clock. Nil is [time.Now].
	Now func() time.Time
}

// Demo has the parts of a platform that is for trying out.
type Demo struct {
	// Mails returns the newest mails of its mailbox, newest first.
	Mails func(limit int) ([]Mail, error)
	// APIKey is that of the customer in whose name orders are placed.
	APIKey string
	// Faults returns the faults of the platform's neighbours, in the order in which they are shown.
	Faults func() []Fault
	// Switch switches one of them on or off. A repeat changes nothing.
	Switch func(ctx context.Context, name string, on bool) error
}

// Fault is one of a neighbour of the platform.
type Fault struct {
	Name, Title string
	Becomes     string // the fate of orders meanwhile
	On          bool
}

// Mail is a mail of the mailbox.
type Mail struct {
	ID, From, To, Subject, Text string
	At                          time.Time
}

// Page answers a request of a person. Its error is shown as a page, unless it has answered.
type Page func(v *Visit) error

// Site is the shared state of all visits. It is safe for concurrent use.
type Site struct {
	Config   Config
	Pages    *look.Site
	Forms    *look.Forms
	Sessions *signin.Sessions
	Runs     *batch.Runs   // through batches
	Unkept   *batch.Memory // batches that the API could not keep
	Intents  *Intents
	Nav      []look.Link // its paths are below the console's
}

// NewSite returns the site of c, whose Logger and Now must be set, with pages.
func NewSite(c Config, pages *look.Site, nav []look.Link) *Site {
	return &Site{
		Config: c, Pages: pages, Forms: look.NewForms(nil), Runs: batch.NewRuns(), Unkept: batch.NewMemory(c.Now), Intents: NewIntents(), Nav: nav,
		Sessions: &signin.Sessions{Admin: c.Admin, API: c.API, Below: Below, Now: c.Now},
	}
}

// Visit is one request of a person who has signed in.
type Visit struct {
	*Site

	W     http.ResponseWriter
	R     *http.Request
	Who   *signin.Session
	Admin ask.Client // asks the admin address in the person's name
}

// Ctx returns the context of the request.
func (v *Visit) Ctx() context.Context { return v.R.Context() }

// Token returns that of the forms of the page.
func (v *Visit) Token() string { return v.Forms.Token(v.Who.ID) }

// SignedIn lets people pass who have signed in, and the forms of their own pages. Others are
// led to the sign-in, and back afterwards.
func (s *Site) SignedIn(p Page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		stream := strings.HasSuffix(r.URL.Path, "/stream")
		who := s.Sessions.Of(r, !stream)
		var bearer string
		var err error
		if who != nil {
			bearer, err = who.Bearer(r.Context(), s.Config.Now())
		}
		switch {
		case (who == nil || err != nil) && stream:
			_ = look.NewStream(w).Leave(Below + "/sign-in") // the tab has left
			return
		case who == nil || err != nil:
			s.leadToSignIn(w, r)
			return
		}
		v := &Visit{s, w, r, who, ask.Client{Handler: s.Config.Admin, Bearer: bearer, From: r.RemoteAddr, Log: s.Config.Logger}}
		if r.Method == http.MethodPost && !s.Forms.Valid(who.ID, r.PostFormValue(look.TokenField)) {
			v.fail(errStale) //nolint:contextcheck // a visit has the context of its request
			return
		}
		if err := p(v); err != nil {
			v.fail(err) //nolint:contextcheck // as above
		}
	}
}

func (s *Site) leadToSignIn(w http.ResponseWriter, r *http.Request) {
	to := Below + "/sign-in"
	if r.Method == http.MethodGet && r.URL.Path != Below+"/" {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// Show answers with a page.
func (v *Visit) Show(name, title string, data any) error { return v.ShowLive(name, title, "", data) }

// ShowLive answers with a page that is kept up to date by a stream at a path.
func (v *Visit) ShowLive(name, title, stream string, data any) error {
	return v.Pages.Write(v.W, http.StatusOK, name, v.page(title, stream, data))
}

func (v *Visit) page(title, stream string, data any) look.Page {
	return look.Page{
		Lang: "en", Site: "amends console", Title: title, Stream: stream, Data: data,
		Nav: v.nav(), User: v.Who.Name, Token: v.Token(),
	}
}

// errStale refuses a form without the token of its session.
var errStale = errors.New("the form is stale")

const stale = "This form is of another session, or of a page that was opened before you signed in. Go back, load the page again, and repeat."

// failure fills in the page of an error.
type failure struct {
	Title, Text, Code string
	Back              string // the page of the form
}

// fail answers with a page that names the error.
func (v *Visit) fail(err error) {
	status, f := ask.StatusOf(err), failure{Title: "This did not work", Text: err.Error(), Code: ask.CodeOf(err)}
	if v.R.Method == http.MethodPost {
		f.Back = pageOf(strings.TrimPrefix(v.R.URL.Path, Below))
	}
	switch {
	case errors.Is(err, errStale):
		status, f.Title, f.Text = http.StatusForbidden, "This form is too old", stale
	case status == http.StatusNotFound:
		f.Title = "There is nothing here"
	case f.Code == "":
		v.Config.Logger.ErrorContext(v.Ctx(), "a page of the console failed", "path", v.R.URL.Path, "error", err)
		f.Text = "An internal error; the log of this process explains it."
	}
	if err := v.Pages.Write(v.W, cmp.Or(status, http.StatusInternalServerError), "error", v.page(f.Title, "", f)); err != nil {
		v.Config.Logger.ErrorContext(v.Ctx(), "a page of the console failed", "path", v.R.URL.Path, "error", err)
	}
}

// pageOf returns the page that has the form of a path.
func pageOf(path string) string {
	for _, form := range []string{"/act", "/refund", "/redrives", "/faults"} {
		if page, cut := strings.CutSuffix(path, form); cut {
			return page
		}
	}
	return path
}

// SeeOther sends the browser to another page of the console, as after a form.
func (v *Visit) SeeOther(path string) error {
	http.Redirect(v.W, v.R, Below+path, http.StatusSeeOther)
	return nil
}

// nav returns the links to the parts of the console.
func (v *Visit) nav() []look.Link {
	here := strings.TrimPrefix(v.R.URL.Path, Below)
	all := make([]look.Link, len(v.Nav))
	for i, l := range v.Nav {
		all[i] = look.Link{Href: Below + l.Href, Text: l.Text, Here: l.Href == here || l.Href != "/" && strings.HasPrefix(here, l.Href+"/")}
	}
	return all
}
