package request

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/amends/amends/api/legacy/route"
)

// Check returns the rules about operations that a file breaks: a shadow needs something to
// compare.
func Check(operations []Operation, f route.File) (all route.Problems) {
	t, copied := route.NewTable(f), map[string]bool{}
	for _, o := range operations {
		at := &url.URL{Path: strings.ReplaceAll(o.Path, ":", "")}
		if r, ok := t.Find(&http.Request{Method: o.Method, URL: at}); ok && (o.Copied || o.DryRun) {
			copied[r.Name] = true
		}
	}
	for _, r := range f.Routes {
		if r.Mode == route.Shadow && !copied[r.Name] {
			all = append(all, route.Problem{Route: r.Name, Field: "/mode", Rule: "must not be shadow: no operation of it is ever copied. Credentials, streams and writes that cannot be tried are not"})
		}
	}
	return all
}
