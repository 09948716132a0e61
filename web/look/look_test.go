package look

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

const canary = `<script>alert(1)</script>"'&`

func site(t *testing.T) *Site {
	t.Helper()
	return New(Config{Base: "/x", Files: fstest.MapFS{
		"parts/frame.html": {Data: []byte(`{{define "header"}}<header>{{.User}}</header>{{end}}{{define "row"}}<p id="row">{{mark "warn" .}}</p>{{end}}`)},
		"pages/home.html":  {Data: []byte(`{{define "main"}}<h1>{{.Data}}</h1>{{template "row" .Data}}{{end}}`)},
		"assets/more.css":  {Data: []byte("p { margin: 0 }")},
	}})
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := site(t)
	w := httptest.NewRecorder()
	require.NoError(t, s.Write(w, http.StatusTeapot, "home", Page{Title: "Home", Site: "tests", User: canary, Data: canary, Stream: "/x/stream"}))
	text := w.Body.String()

	require.Equal(t, http.StatusTeapot, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Contains(t, text, "<title>Home · tests</title>")
	require.Contains(t, text, `data-stream="/x/stream"`)
	require.NotContains(t, text, "<script>alert", "texts are escaped, also in marks")
	require.NotRegexp(t, ` style=|<style|javascript:| on[a-z]+=`, text, "the policy allows none of them")

	for _, found := range regexp.MustCompile(`(?:src|href)="(/x/assets/[^"]+)"`).FindAllStringSubmatch(text, -1) {
		w := httptest.NewRecorder()
		s.ServeAsset(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, found[1], http.NoBody))
		require.Equal(t, http.StatusOK, w.Code, found[1])
		require.NotEmpty(t, w.Header().Get("Content-Type"), found[1])
		require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
	}
	require.ErrorContains(t, s.Write(w, http.StatusOK, "none", Page{}), `there is no page "none"`)
}

func TestAssetsOfOtherVersionsAreNotServed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/x/assets/000000000000/look.css", "/x/assets/look.css", "/x/assets/000000000000/none.css"} {
		w := httptest.NewRecorder()
		site(t).ServeAsset(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		require.Equal(t, http.StatusNotFound, w.Code, path)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	h := Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	ask := func(method string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://shop.example/x", http.NoBody)
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}

	require.Equal(t, Policy, ask(http.MethodGet).Header().Get("Content-Security-Policy"))
	require.NotContains(t, Policy, "unsafe")
	require.Equal(t, http.StatusOK, ask(http.MethodPost, "Sec-Fetch-Site: same-origin").Code)
	require.Equal(t, http.StatusOK, ask(http.MethodGet, "Sec-Fetch-Site: cross-site").Code, "a link leads here")
	require.Equal(t, http.StatusForbidden, ask(http.MethodPost, "Sec-Fetch-Site: cross-site").Code)
	require.Equal(t, http.StatusForbidden, ask(http.MethodPost, "Origin: http://evil.example").Code)
}

func TestFormsAreOfTheirSession(t *testing.T) {
	t.Parallel()
	f := NewForms(nil)
	require.True(t, f.Valid("a", f.Token("a")))
	require.False(t, f.Valid("b", f.Token("a")))
	require.False(t, f.Valid("a", ""))
	require.False(t, NewForms(nil).Valid("a", f.Token("a")), "a random key of its own")
	shared := []byte("a key that two processes share")
	require.True(t, NewForms(shared).Valid("a", NewForms(shared).Token("a")))
}

func TestCookie(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://shop.example/x", http.NoBody)
	c := Cookie(r, "session", "s", "/x", time.Hour)
	require.True(t, c.HttpOnly && c.Secure && c.SameSite == http.SameSiteLaxMode)
	require.Equal(t, 3600, c.MaxAge)
	require.Negative(t, Cookie(r, "session", "", "/x", -1).MaxAge)
	plain := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://shop.example/x", http.NoBody)
	require.False(t, Cookie(plain, "session", "s", "/x", 0).Secure, "a browser would drop it")
	plain.Header.Set("Sec-Fetch-Site", "same-origin")
	require.True(t, Cookie(plain, "session", "s", "/x", 0).Secure, "a proxy has ended the TLS of the browser")
	for _, host := range []string{"localhost:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]", "localhost"} {
		plain.Host = host
		require.False(t, Cookie(plain, "session", "s", "/x", 0).Secure, "%s: not every browser keeps it there", host)
	}
}

func TestLocalLeadsToPagesBelowAPathOnly(t *testing.T) {
	t.Parallel()
	for _, own := range []string{"/console/", "/console/orders/1", "/console/orders?state=PENDING&next=http%3A%2F%2Fevil.example"} {
		require.Equal(t, own, Local(own, "/console", "/other"))
		require.Equal(t, own, Local(own, "", "/other"))
	}
	for _, foreign := range []string{
		"", "console/", "http://evil.example/console/", "//evil.example/console/", "///evil.example/console/",
		`/\evil.example/console/`, `/console/\evil.example`, "javascript:alert(1)", "http:/console/", "/console/%zz", "\t//evil.example/console/",
		"/console/..//evil.example", "/console/%2e%2e//evil.example",
	} {
		require.Equal(t, "/other", Local(foreign, "/console", "/other"), foreign)
		require.Equal(t, "/other", Local(foreign, "", "/other"), foreign)
	}
	for _, above := range []string{"/", "/shop", "/consoles/"} {
		require.Equal(t, "/other", Local(above, "/console", "/other"))
		require.Equal(t, above, Local(above, "", "/other"))
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s := NewStream(w)
		for _, err := range []error{s.Fragments("<p id=a>\r\n1</p>\revent: x"), s.Beat(), s.Leave("/x/sign-in"), s.End()} {
			if err != nil {
				t.Error(err)
			}
		}
	}))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	require.NoError(t, err)
	answer, err := server.Client().Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	require.Equal(t, "event: fragments\ndata: <p id=a>\ndata: 1</p>\ndata: event: x\n\n: beat\n\nevent: leave\ndata: /x/sign-in\n\nevent: end\ndata: \n\n", string(text),
		"a text cannot begin an event of its own")
}
