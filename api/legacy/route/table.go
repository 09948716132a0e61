package route

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"path"
	"strings"
)

// Table finds the route of a request. It does not change; it is safe for concurrent use.
type Table struct{ mux *http.ServeMux }

// target is the handler of a pattern, which leads to its route.
type target struct{ route Route }

// ServeHTTP is never called: the table only asks which handler a request has.
func (target) ServeHTTP(http.ResponseWriter, *http.Request) {}

// NewTable returns the table of a file, which must pass [File.Check].
func NewTable(f File) *Table {
	t, _ := compile(f)
	return t
}

// compile returns the table of a file, and a problem for each pattern that cannot be used.
func compile(f File) (*Table, Problems) {
	t := &Table{http.NewServeMux()}
	var all Problems
	for _, r := range f.Routes {
		for _, pattern := range r.Match {
			if rule := t.add(pattern, r); rule != "" {
				all = append(all, Problem{r.Name, "/match", rule})
			}
		}
	}
	return t, all
}

// add adds a pattern, and returns the rule that it breaks. The mux panics on such a one.
func (t *Table) add(pattern string, r Route) (rule string) {
	_, at, found := strings.Cut(pattern, " ")
	if !found {
		at = pattern
	}
	if !strings.HasPrefix(strings.TrimLeft(at, " \t"), "/") {
		return fmt.Sprintf("%q must have a path, and no host", pattern)
	}
	defer func() {
		if p := recover(); p != nil {
			rule = fmt.Sprintf("%q cannot be used: %v", pattern, p)
		}
	}()
	t.mux.Handle(pattern, target{r})
	return ""
}

// Find returns the route of a request, false if there is none. A path with empty, . or ..
// elements has none: the program behind the gateway may read it as another one.
func (t *Table) Find(r *http.Request) (Route, bool) {
	if clean := path.Clean(r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path {
		return Route{}, false
	}
	handler, _ := t.mux.Handler(r) // of a redirect it is another one
	found, ok := handler.(target)
	return found.route, ok
}

// buckets is the number of parts that accounts are divided into: two decimals of a percent.
const buckets = 10_000

// seed begins every hash. It is a constant, so that every gateway, and every version, puts
// an account on the same side; another one would move accounts between sides.
const seed = "amends-route-1"

// Bucket returns the part, 0 to 9,999, that an account or a guest is in for all routes. A
// larger share has all parts of a smaller one.
func Bucket(who string) int {
	h := sha256.Sum256([]byte(seed + "\x00" + who))
	return int(binary.BigEndian.Uint64(h[:8]) % buckets)
}

// Takes reports whether the services answer those of a bucket.
func (r Route) Takes(bucket int) bool {
	return bucket < int(math.Round(r.share()*buckets))
}
