// Package look is the common part of the pages for people: layout, style, marks of states,
// live fragments, and the protection of forms. The console and the shop bring their pages.
//
// A page is complete in one answer and can be read without scripts. Everything that it loads
// comes from its own address, so its policy needs no exception; see [Policy]. One module in
// the browser replaces fragments of a page by their ids as a stream sends them, and never
// one that the reader is using; see [Stream].
package look

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed layout.html assets
var own embed.FS

// Config describes the pages of one site.
type Config struct {
	// Base is the path below which the site is served, such as "/console"; empty: the root.
	Base string
	// Files has the pages, pages/NAME.html, each of which defines "main". It may have
	// parts/*.html with templates that all pages share; "header" and "footer" of the layout are
	// two of them. It may have assets of its own in assets/.
	Files fs.FS
	// Funcs are functions of the templates, beside mark and asset.
	Funcs template.FuncMap
}

// Site writes pages. It is safe for concurrent use.
type Site struct {
	base   string
	pages  map[string]*template.Template
	parts  *template.Template
	assets map[string]*asset
}

// New returns the site of c. It panics if a template cannot be parsed: they are embedded.
func New(c Config) *Site {
	s := &Site{base: c.Base, pages: map[string]*template.Template{}, assets: map[string]*asset{}}
	s.load(own)
	s.load(c.Files)
	s.parts = template.New("parts").Funcs(template.FuncMap{"mark": Mark, "asset": s.asset}).Funcs(c.Funcs)
	template.Must(s.parts.ParseFS(own, "layout.html"))
	if found, _ := fs.Glob(c.Files, "parts/*.html"); len(found) > 0 {
		template.Must(s.parts.ParseFS(c.Files, found...))
	}
	found, err := fs.Glob(c.Files, "pages/*.html")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, file := range found {
		t := template.Must(template.Must(s.parts.Clone()).ParseFS(c.Files, file))
		s.pages[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return s
}

// Page fills in the layout around a page.
type Page struct {
	Lang  string // of the text, such as "en"
	Title string
	Site  string // the name of the site, behind the title
	Skip  string // the words of the link to the content, for the keyboard
	Nav   []Link
	User  string // who is signed in; empty: no one
	Token string // of the page's forms; see [Forms]
	// Stream is the path of the page's fragments; empty: the page is not live.
	Stream string
	Data   any
}

// Link leads to a page of the site.
type Link struct {
	Href, Text string
	Here       bool // it is the present page, or leads to the part that it belongs to
}

// Write answers a request with a page. Nothing of it is stored by browsers and proxies.
func (s *Site) Write(w http.ResponseWriter, status int, name string, p Page) error {
	t, ok := s.pages[name]
	if !ok {
		return fmt.Errorf("there is no page %q", name)
	}
	var text bytes.Buffer
	if err := t.ExecuteTemplate(&text, "layout.html", p); err != nil {
		return fmt.Errorf("fill in the page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", cmp.Or(p.Lang, "en"))
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := text.WriteTo(w)
	return err //nolint:wrapcheck // the client left: there is nothing to add
}

// Part writes one of the templates that all pages share, as a fragment.
func (s *Site) Part(w io.Writer, name string, data any) error {
	if err := s.parts.ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("fill in the part %s: %w", name, err)
	}
	return nil
}
