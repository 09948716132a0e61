package legacy

import (
	"maps"
	"slices"

	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/legacy/upstream"
)

// maxChanges is how many changes of routes are shown.
const maxChanges = 100

// View is a route and its score at this gateway.
type View struct {
	route.Route

	Score score.Summary
}

// Upstream is a program behind the gateway.
type Upstream struct {
	Name      string
	Addresses []upstream.State
}

// Overview is all that a switch knows.
type Overview struct {
	Upstreams []Upstream
	Routes    []View // in the order of the file
	Changes   []keep.Change
	Problem   string // why the present content of the file is not used, "" if it is
}

// Overview returns the present state. Its error means that the journal cannot be read.
func (s *Switch) Overview() (o Overview, err error) {
	now := s.state.Load()
	for _, name := range slices.Sorted(maps.Keys(now.upstreams)) {
		o.Upstreams = append(o.Upstreams, Upstream{name, now.upstreams[name].States()})
	}
	for _, r := range now.file.Routes {
		o.Routes = append(o.Routes, View{r, now.live[r.Name].score.Summary()})
	}
	o.Problem = s.refusal()
	o.Changes, err = s.file.Changes(maxChanges)
	return o, err //nolint:wrapcheck // it names the journal
}

// Route returns a route, and the last answers of both sides that differ; false: there is no
// such route.
func (s *Switch) Route(name string) (View, []score.Pair, bool) {
	l := s.state.Load().live[name]
	if l == nil {
		return View{}, nil, false
	}
	return View{l.Route, l.score.Summary()}, l.score.Pairs(), true
}
