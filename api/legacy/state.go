package legacy

import (
	"slices"

	"github.com/amends/amends/api/legacy/compare"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/legacy/upstream"
)

// state is the routes that are in effect. It does not change; requests that run keep theirs.
type state struct {
	file      route.File
	table     *route.Table
	live      map[string]*live // by name
	upstreams map[string]*upstream.Upstream
}

// live is a route with its parts.
type live struct {
	route.Route

	rules    compare.Rules
	score    *score.Score
	upstream *upstream.Upstream
}

// build returns the state of a file. What has not changed goes on: the connections and the
// breakers of upstreams, and the scores of routes that ask the same question as before. The
// score of a route that the services have lost begins anew, at every gateway: it must pass its
// gate again.
func (s *Switch) build(f route.File) *state {
	old := s.state.Load()
	if old == nil {
		old = &state{}
	}
	next := &state{file: f, table: route.NewTable(f), live: map[string]*live{}, upstreams: map[string]*upstream.Upstream{}}
	for name, addresses := range f.Upstreams {
		if before := old.upstreams[name]; before != nil && slices.Equal(old.file.Upstreams[name], addresses) {
			next.upstreams[name] = before
		} else {
			next.upstreams[name] = upstream.New(name, addresses)
		}
	}
	for _, r := range f.Routes {
		l := &live{Route: r, rules: compare.New(r.Compare), upstream: next.upstreams[r.Upstream]}
		if before := old.live[r.Name]; before != nil && before.SameQuestion(r) && (!before.Serves() || r.Serves()) {
			l.score = before.score
		} else {
			l.score = score.New(s.config.Now)
		}
		next.live[r.Name] = l
	}
	return next
}

// use puts a file into effect.
func (s *Switch) use(f route.File) {
	old := s.state.Load()
	s.state.Store(s.build(f))
	if old == nil {
		return
	}
	now := s.state.Load()
	for name, u := range old.upstreams {
		if now.upstreams[name] != u {
			u.Close()
		}
	}
}
