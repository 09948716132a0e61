package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// person is a browser without scripts.
type person struct {
	t      *testing.T
	server *httptest.Server
	cookie *http.Cookie
}

// answer is a page that was read.
type answer struct {
	*http.Response

	text string
}

func (p *person) do(method, path string, form url.Values, header ...string) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.server.URL+path, strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	if p.cookie != nil {
		r.AddCookie(p.cookie)
	}
	w := httptest.NewRecorder()
	p.server.Config.Handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		p.cookie = c
	}
	return answer{w.Result(), w.Body.String()}
}

func (p *person) get(path string) answer { return p.do(http.MethodGet, Below+path, nil) }

var tokenField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// send sends a form from a page that has its token.
func (p *person) send(page, path string, form url.Values) answer {
	p.t.Helper()
	found := tokenField.FindStringSubmatch(p.get(page).text)
	require.NotNil(p.t, found, "the page has no form")
	form.Set("csrf", found[1])
	return p.do(http.MethodPost, Below+path, form)
}

// signedIn returns a person who has signed in with a secret.
func signedIn(t *testing.T, server *httptest.Server, secret string) *person {
	t.Helper()
	p := &person{t: t, server: server}
	require.Equal(t, http.StatusSeeOther, p.send("/sign-in", "/sign-in", url.Values{"secret": {secret}}).StatusCode)
	return p
}
