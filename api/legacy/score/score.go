// Package score counts the requests of one route by the side that answered them, and the
// comparisons of both sides, for the gates of the route and for operators.
package score

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/amends/amends/api/legacy/compare"
)

// maxKept is how many pairs of answers that differ are kept.
const maxKept = 100

// Side is who answered a request.
type Side string

// The sides.
const (
	Legacy  Side = "legacy"
	Service Side = "service"
)

// Result is the outcome of a comparison.
type Result string

// The outcomes.
const (
	Match   Result = "match"
	Differ  Result = "differ"
	Error   Result = "error"   // the services failed, or took too long
	Dropped Result = "dropped" // the queue of copies was full, or the services gave way to live requests
	Skipped Result = "skipped" // the answer cannot be compared: it is too large, or the upstream failed
)

// Pair is two answers that differ, redacted.
type Pair struct {
	At              time.Time
	Method, Path    string // the pattern of the path, without ids
	Legacy, Service string // bodies
	Differences     []compare.Difference
}

// Live sums up the live requests that one side answered.
type Live struct {
	Requests, Errors int64
	P50, P99         time.Duration
}

// Summary is a state of a score. Copies has the times of the services' answers to copies.
type Summary struct {
	Results         map[Result]int64
	Legacy, Service Live
	Copies          Live
}

// Compared returns how many answers were compared, and the share of them that differed or
// failed.
func (s Summary) Compared() (n int64, differing float64) {
	bad := s.Results[Differ] + s.Results[Error]
	n = bad + s.Results[Match]
	if n == 0 {
		return 0, 0
	}
	return n, float64(bad) / float64(n)
}

// Score is that of one route. It is safe for concurrent use.
type Score struct {
	now func() time.Time

	mu      sync.Mutex
	results map[Result]int64
	sides   map[Side]*side
	copies  *side
	pairs   []Pair // the newest last
}

// New returns a score without requests; now is the clock.
func New(now func() time.Time) *Score {
	return &Score{
		now: now, results: map[Result]int64{}, copies: newSide(),
		sides: map[Side]*side{Legacy: newSide(), Service: newSide()},
	}
}

// Compared counts a comparison. took is the time of the services, 0 if they were not asked;
// pair is kept if there are differences.
func (s *Score) Compared(r Result, took time.Duration, pair Pair) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[r]++
	if took > 0 {
		s.copies.add(took, r == Error)
	}
	if r != Differ && r != Error {
		return
	}
	if len(s.pairs) == maxKept {
		s.pairs = append(s.pairs[:0], s.pairs[1:]...)
	}
	s.pairs = append(s.pairs, pair)
}

// Summary returns the present state.
func (s *Score) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Summary{Results: map[Result]int64{}, Legacy: s.sides[Legacy].live(), Service: s.sides[Service].live(), Copies: s.copies.live()}
	maps.Copy(out.Results, s.results)
	return out
}

// Pairs returns the kept pairs, the newest first.
func (s *Score) Pairs() []Pair {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Pair, 0, len(s.pairs))
	for i := range s.pairs {
		all = append(all, s.pairs[len(s.pairs)-1-i])
	}
	return all
}

// Against returns why answers do not show yet that both sides agree, "" if they do: at least
// least of them must be compared, and at most the share most may differ or fail.
func (s Summary) Against(least int, most float64) string {
	n, differing := s.Compared()
	switch {
	case n < int64(least):
		return fmt.Sprintf("%d of %d answers are compared.", n, least)
	case differing > most:
		return fmt.Sprintf("Of %d answers that are compared, %.4f differ or failed; at most %.4f may.", n, differing, most)
	default:
		return ""
	}
}

// Errors returns the shares of failed live requests of both sides over a window, and how many
// requests of the services it has. Those that are in flight for too long are among the failed
// ones.
func (s *Score) Errors(window time.Duration) (legacy, service float64, requests int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	legacy, _ = s.sides[Legacy].share(now, window)
	service, requests = s.sides[Service].share(now, window)
	return legacy, service, requests
}

// side counts the requests that one side answered.
type side struct {
	requests, errors int64
	took             *hdrhistogram.Histogram // in microseconds
	window           [60]second
}

// second has the requests of one second of the clock.
type second struct {
	at               int64
	requests, errors int64
}

const longest = 2 * time.Minute // of a time that is told apart

func newSide() *side { return &side{took: hdrhistogram.New(1, longest.Microseconds(), 2)} }

func (s *side) add(took time.Duration, failed bool) {
	_ = s.took.RecordValue(min(max(took, time.Microsecond), longest).Microseconds()) // it is in range
	s.requests++
	if failed {
		s.errors++
	}
}

// recent counts a request among those of the present second.
func (s *side) recent(now time.Time, failed bool) {
	w := &s.window[now.Unix()%int64(len(s.window))]
	if w.at != now.Unix() {
		*w = second{at: now.Unix()}
	}
	w.requests++
	if failed {
		w.errors++
	}
}

func (s *side) live() Live {
	at := func(q float64) time.Duration { return time.Duration(s.took.ValueAtQuantile(q)) * time.Microsecond }
	return Live{s.requests, s.errors, at(50), at(99)}
}

// share returns the part of failed requests among those of the last seconds.
func (s *side) share(now time.Time, window time.Duration) (failed float64, requests int64) {
	var errors int64
	for _, w := range s.window {
		if w.at > now.Add(-window).Unix() && w.at <= now.Unix() {
			requests += w.requests
			errors += w.errors
		}
	}
	if requests == 0 {
		return 0, 0
	}
	return float64(errors) / float64(requests), requests
}
