package score

import "time"

// Flight is a live request that one side is to answer. Its methods are for the request's own
// goroutine.
type Flight struct {
	score       *Score
	by          Side
	timer       *time.Timer // nil: it is never late
	late, begun bool
}

// Begin begins a live request. One whose answer has not begun after slow counts among the
// failed ones of the present at once, and then has late called, from another goroutine. 0
// slow: it may take any time.
func (s *Score) Begin(by Side, slow time.Duration, late func()) *Flight {
	f := &Flight{score: s, by: by}
	if slow > 0 {
		f.timer = time.AfterFunc(slow, func() {
			s.recent(by, true)
			late()
		})
	}
	return f
}

// Begun says that the answer has begun, or that there will be none. A repeat changes nothing.
func (f *Flight) Begun() {
	if !f.begun {
		f.begun, f.late = true, f.timer != nil && !f.timer.Stop()
	}
}

// Answered counts the request, which has taken a time. One that was late is among those of
// the present already.
func (f *Flight) Answered(took time.Duration, failed bool) {
	f.Begun()
	f.score.mu.Lock()
	f.score.sides[f.by].add(took, failed)
	f.score.mu.Unlock()
	if !f.late {
		f.score.recent(f.by, failed)
	}
}

func (s *Score) recent(by Side, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sides[by].recent(s.now(), failed)
}
