// Package page writes pages for people: each complete in one answer, in the language of its
// reader. A page has a style, and runs, loads and sends nothing.
package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"

	"golang.org/x/text/language"
)

// Languages are those of pages, the first one for readers who want another.
var Languages = []language.Tag{language.English, language.German}

var matcher = language.NewMatcher(Languages)

// Language returns the number in [Languages] of the one that a reader prefers. Each of
// wanted is a language or an Accept-Language, the strongest wish first; an empty one is none.
func Language(wanted ...string) int {
	_, i := language.MatchStrings(matcher, wanted...)
	return i
}

// Layout is a kind of page.
type Layout struct {
	template *template.Template
	policy   string
}

// New returns the layout of the files page.html and page.css. The former includes the latter
// as its only style. It panics if they cannot be parsed: they are embedded.
func New(files fs.FS) *Layout {
	t := template.Must(template.ParseFS(files, "page.html", "page.css"))
	var style bytes.Buffer
	if err := t.ExecuteTemplate(&style, "page.css", nil); err != nil {
		panic(err) // it has nothing to fill in
	}
	sum := sha256.Sum256(style.Bytes())
	return &Layout{t, "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
}

// Write answers a request with a page in a language, a number in [Languages].
func (l *Layout) Write(w http.ResponseWriter, status, in int, data any) error {
	var text bytes.Buffer
	if err := l.template.ExecuteTemplate(&text, "page.html", data); err != nil {
		return fmt.Errorf("fill in the page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", Languages[in].String())
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	h.Set("Content-Security-Policy", l.policy)
	h.Add("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, err := text.WriteTo(w)
	return err //nolint:wrapcheck // the client left: there is nothing to add
}
