package legacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/request"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/internal/background"
)

// Run looks at the file, writes the changes that are not in it yet, and compares copies, until
// ctx ends. It returns nil.
func (s *Switch) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { s.copies.Run(ctx) })
	defer all.Wait()
	return background.NewLoop(background.LoopConfig{ //nolint:wrapcheck // it returns nil
		Name: "routes", Every: s.config.Every, Logger: s.config.Log,
		Round: func(context.Context) error {
			_, err := s.Look()
			return errors.Join(err, s.flush())
		},
	}).Run(ctx)
}

// Look reads the file, and puts it into effect, whole, if it has changed. A content that
// breaks a rule, or gives the services more requests than a gate lets pass, changes nothing;
// the error says why. It is looked at again, because the gate may open.
func (s *Switch) Look() (changed bool, err error) {
	s.disk.Lock()
	defer s.disk.Unlock()
	return s.look()
}

func (s *Switch) look() (changed bool, err error) {
	content, err := s.file.Read()
	if err == nil && bytes.Equal(content, s.content) && s.refusal() == "" {
		return false, nil
	}
	var f route.File
	if err == nil {
		f, err = s.parse(content)
	}
	if err == nil {
		f = s.cut(f) // the gate's own changes are moves of this gateway, not of the edit
		_, err = s.admit(f)
	}
	if err != nil {
		s.refuse(content, err)
		return false, err
	}
	s.note(f)
	s.take(content, f)
	return true, nil
}

// refuse keeps why a content is not used, and logs it once.
func (s *Switch) refuse(content []byte, err error) {
	if s.state.Load() != nil && (s.refusal() == "" || !bytes.Equal(content, s.refused)) {
		s.config.Log.Warn("a file of routes is not used, the routes before it stay in use", "file", s.file.Path(), "problem", err)
	}
	s.refused = content
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem = err.Error()
}

// refusal returns why the content of the file is not used, "" if it is.
func (s *Switch) refusal() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

// parse reads a content.
func (s *Switch) parse(content []byte) (route.File, error) {
	f, err := route.Read(content)
	if err != nil {
		return f, fmt.Errorf("%s: %w", s.file.Path(), err)
	}
	if problems := request.Check(s.config.Operations, f); len(problems) > 0 {
		return f, fmt.Errorf("%s: %w", s.file.Path(), problems)
	}
	return f, nil
}

// cut returns a file with the changes that are not in it yet.
func (s *Switch) cut(f route.File) route.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.withPending(f)
}

// withPending is cut for a caller that holds mu.
func (s *Switch) withPending(f route.File) route.File {
	for _, p := range s.pending {
		f, _ = f.ToLegacy(p.Route)
	}
	return f
}

// take puts the content of the file into effect, with the changes that are not in it yet, and
// logs its differences.
func (s *Switch) take(content []byte, f route.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f = s.withPending(f)
	if before := s.state.Load(); before != nil {
		for _, r := range f.Routes {
			was, _ := before.file.Find(r.Name)
			for _, d := range route.Differences(was, r) {
				s.config.Log.Info("a route has changed", "route", r.Name, "field", d.Field, "before", d.Before, "after", d.After)
			}
		}
	}
	s.content, s.problem = content, ""
	s.use(f)
}

// flush writes the changes that are not in the file yet.
func (s *Switch) flush() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	return s.write()
}

func (s *Switch) write() error {
	for {
		p, waits := s.next()
		if !waits {
			return nil
		}
		content, err := s.update(func(f route.File) (route.File, *keep.Change, error) {
			next, needed := f.ToLegacy(p.Route)
			if !needed {
				return f, nil, nil
			}
			return next, &p, nil
		})
		if err != nil {
			return fmt.Errorf("keep a change of route %s: %w", p.Route, err)
		}
		f, err := s.parse(content)
		s.mu.Lock()
		s.pending = s.pending[1:]
		s.mu.Unlock()
		if err != nil {
			return err
		}
		s.take(content, f)
	}
}

// next returns the first cut-back that is not in the file yet, and whether there is one.
func (s *Switch) next() (keep.Change, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return keep.Change{}, false
	}
	return s.pending[0], true
}
