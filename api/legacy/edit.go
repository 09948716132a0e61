package legacy

import (
	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/route"
)

// admit returns a file with the routes that their gates hold back as they are in effect, and
// why they are held back, nil if none is. A move that the journal has was decided at a gateway
// already, this one or another.
func (s *Switch) admit(f route.File) (route.File, error) {
	now := s.state.Load()
	if now == nil {
		return f, nil // a process that starts has compared nothing
	}
	var held route.Problems
	for _, m := range now.file.Moves(s.cut(f)) {
		why := s.against(m.Before, m.After)
		if why == "" || s.file.Explained(m.Before.Name, m.Differences) {
			continue
		}
		held = append(held, route.Problem{Route: m.Before.Name, Field: "/mode", Rule: "is held back by the gate: " + why + " `amends legacy route set --force` passes it"})
		f = f.With(m.Before)
	}
	if len(held) == 0 {
		return f, nil
	}
	return f, held
}

// update changes the file, without the edits in it that gates hold back.
func (s *Switch) update(change func(route.File) (route.File, *keep.Change, error)) ([]byte, error) {
	return s.file.Update(func(f route.File) (route.File, *keep.Change, error) { //nolint:wrapcheck // that of change, or one that names the file
		f, held := s.admit(f)
		next, entry, err := change(f)
		if held != nil && err == nil && entry != nil {
			s.config.Log.Warn("an edit of the file of routes is taken out of it", "file", s.file.Path(), "problem", held)
		}
		return next, entry, err
	})
}

// note keeps the moves of an edited file in the journal, so that gateways which share the file
// agree about them; the author of an edit is not known. On a read-only volume each goes by its own gates.
func (s *Switch) note(f route.File) {
	now := s.state.Load()
	if now == nil {
		return
	}
	for _, m := range now.file.Moves(f) {
		if m.Before.Gate.Compared == 0 {
			continue // it has no gate
		}
		entry := keep.Change{At: s.config.Now().UTC(), Route: m.Before.Name, By: "file", Reason: "the file was edited", Differences: m.Differences}
		if err := s.file.Note(entry); err != nil {
			s.config.Log.Warn("an edit of the file of routes is not in its journal", "route", entry.Route, "error", err)
		}
	}
}
