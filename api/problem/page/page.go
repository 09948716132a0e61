// Package page tells people who have opened a link why there is nothing to see, and what to
// do next: the pages that browsers get instead of problem documents.
package page

import (
	"embed"
	"net/http"

	"github.com/amends/amends/api/page"
	"github.com/amends/amends/api/problem"
)

//go:embed page.html page.css
var files embed.FS

var layout = page.New(files)

// content fills in the page.
type content struct {
	words

	Language, Label, Request string
}

// Write answers a request with p as a page, in the language that its query asks for (lang)
// or, without that, the one that its client prefers.
func Write(p *problem.Problem, w http.ResponseWriter, r *http.Request, requestID string) error {
	in := page.Language(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
	p.Header(w.Header())
	//nolint:wrapcheck // it names the operation, or the client left
	return layout.Write(w, p.Status(), in, content{wordsOf(p)[in], page.Languages[in].String(), labels[in], requestID})
}
