package legacy

import (
	"fmt"

	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/request"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/problem"
)

// Command is an operator's change of a route.
type Command struct {
	Route            route.Route
	Operator, Reason string
	Force            bool // against the route's gate
}

// Set puts a route into effect, in the place of one of its name or as a new one, and keeps it
// with the operator and the reason. It returns the changes; a repeat changes nothing.
// More requests for the services need the route's gate, the one before the change, or force.
// Edits of the file that a gate holds back are taken out of it.
// Errors: [route.Problems]; a problem with code ROUTE_NOT_READY; any other one means that the
// file could not be changed, and that nothing has.
func (s *Switch) Set(c Command) (all []route.Difference, err error) {
	s.disk.Lock()
	defer s.disk.Unlock()
	_, _ = s.look()                   // an edit of the file comes first; one that cannot be used stands in its problem
	if err := s.write(); err != nil { // and the gate's own changes
		return nil, err
	}
	content, err := s.update(func(f route.File) (route.File, *keep.Change, error) {
		before, found := f.Find(c.Route.Name)
		next := f.With(c.Route)
		if problems := append(next.Check(), request.Check(s.config.Operations, next)...); len(problems) > 0 {
			return f, nil, problems
		}
		against := s.against(before, c.Route)
		if found && against != "" && !c.Force {
			return f, nil, problem.New(problem.RouteNotReady, against)
		}
		if all = route.Differences(before, c.Route); len(all) == 0 {
			return f, nil, nil
		}
		return next, &keep.Change{
			At: s.config.Now().UTC(), Route: c.Route.Name, By: c.Operator, Reason: c.Reason,
			Forced: found && against != "", Differences: all,
		}, nil
	})
	if err != nil || len(all) == 0 {
		return nil, err //nolint:wrapcheck // it names the operation
	}
	f, err := s.parse(content)
	if err != nil {
		return nil, err
	}
	s.take(content, f)
	return all, nil
}

// against returns why the gate of a route holds it back, "" if it does not.
func (s *Switch) against(before, after route.Route) string {
	l := s.state.Load().live[before.Name]
	if !before.Promotes(after) || before.Gate.Compared == 0 || l == nil {
		return ""
	}
	return l.score.Summary().Against(before.Gate.Compared, before.Gate.Differing)
}

// judge cuts a route back if the services fail more often than the program.
func (s *Switch) judge(l *live) {
	gate := l.Gate
	if gate.Errors >= 1 {
		return
	}
	legacy, service, n := l.score.Errors(gate.Window)
	if n < int64(gate.Least) || service-legacy <= gate.Errors {
		return
	}
	s.cutBack(l, fmt.Sprintf("%.4f of %d requests of the services failed within %s, %.4f of the program's", service, n, gate.Window, legacy))
}

// cutBack gives a route to the program at once, and has the change written soon: it must not
// wait for a disk.
func (s *Switch) cutBack(l *live, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.state.Load()
	if now.live[l.Name] == nil || now.live[l.Name].score != l.score {
		return // another request has, or an operator has decided
	}
	f, needed := now.file.ToLegacy(l.Name)
	if !needed {
		return
	}
	was, _ := now.file.Find(l.Name)
	is, _ := f.Find(l.Name)
	s.pending = append(s.pending, keep.Change{At: s.config.Now().UTC(), Route: l.Name, By: "gateway", Reason: reason, Differences: route.Differences(was, is)})
	s.use(f)
	s.config.Log.Error("a route is cut back to the program: the services fail", "route", l.Name, "reason", reason)
	s.config.Observe.CutBack(l.Name)
}
