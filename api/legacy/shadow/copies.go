// Package shadow sends copies of requests to the handlers of the services, after the program
// has answered, and compares both answers.
//
// A copy changes nothing: it is a read, or a write that is only tried (Amends-Dry-Run). It has
// its own time, holds up no live request, and is dropped if too many wait.
package shadow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/legacy/compare"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/problem"
)

// Sizes of the machinery.
const (
	maxWaiting = 256       // copies that wait for their turn
	workers    = 4         // copies at a time
	maxBody    = 256 << 10 // of an answer, or of a request that is tried; larger ones are not compared
)

// Route is a route whose requests are copied.
type Route struct {
	Name    string
	Timeout time.Duration // of a copy
	Rules   compare.Rules
	Score   *score.Score // which counts the copies
}

// Copies are those that wait for their turn. They are safe for concurrent use.
type Copies struct {
	waiting  chan *Job
	now      func() time.Time
	observed func(route, result string)
}

// New returns no copies yet. observed is called for each one, with its result, and must not
// block.
func New(now func() time.Time, observed func(route, result string)) *Copies {
	return &Copies{waiting: make(chan *Job, maxWaiting), now: now, observed: observed}
}

// Run compares copies until ctx ends.
func (s *Copies) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { s.work(ctx) })
	}
	all.Wait()
}

type copyKey struct{}

// Copied reports whether a request is a copy, which counts in no quota: its client has sent one
// request.
func Copied(ctx context.Context) bool {
	yes, _ := ctx.Value(copyKey{}).(bool)
	return yes
}

// Live returns m for live requests only.
func Live(m echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		guarded := m(next)
		return func(c echo.Context) error {
			if Copied(c.Request().Context()) {
				return next(c)
			}
			return guarded(c)
		}
	}
}

// Enqueue gives a copy to the workers, unless the answer cannot be compared, or too many wait.
func (s *Copies) Enqueue(j *Job) {
	if j.large || j.legacy.Status >= http.StatusInternalServerError || j.legacy.Status == 0 {
		s.compared(j.to, score.Skipped, 0, score.Pair{})
		return
	}
	select {
	case s.waiting <- j:
	default:
		s.compared(j.to, score.Dropped, 0, score.Pair{})
	}
}

// work compares copies until ctx ends.
func (s *Copies) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.waiting:
			s.compare(ctx, j)
		}
	}
}

// compare asks the handlers, and compares their answer with the program's.
func (s *Copies) compare(ctx context.Context, j *Job) {
	began := time.Now()
	answer, err := j.ask(ctx)
	took := time.Since(began)
	pair := score.Pair{At: s.now(), Method: j.request.Method, Path: j.path, Legacy: compare.Redact(j.legacy.Body)}
	rules := j.to.Rules
	if j.dryRun {
		rules = rules.DryRun()
	}
	switch {
	case ctx.Err() != nil: // this process stops
	case errors.Is(err, errLarge):
		s.compared(j.to, score.Skipped, took, pair)
	case gaveWay(err):
		s.compared(j.to, score.Dropped, 0, pair)
	case answer.Status >= http.StatusInternalServerError:
		pair.Differences = []compare.Difference{{Pointer: "status", Legacy: fmt.Sprint(j.legacy.Status), Service: fmt.Sprint(answer.Status)}}
		s.compared(j.to, score.Error, took, pair)
	default:
		pair.Service, pair.Differences = compare.Redact(answer.Body), rules.Differences(j.legacy, answer)
		if len(pair.Differences) > 0 {
			s.compared(j.to, score.Differ, took, pair)
		} else {
			s.compared(j.to, score.Match, took, pair)
		}
	}
}

// gaveWay reports whether the handlers refused a copy because live requests come first.
func gaveWay(err error) bool {
	if err == nil {
		return false
	}
	code := problem.Of(err).Code
	return code == problem.ReducedCapacity || code == problem.Overloaded
}

func (s *Copies) compared(to Route, r score.Result, took time.Duration, p score.Pair) {
	to.Score.Compared(r, took, p)
	s.observed(to.Name, string(r))
}
