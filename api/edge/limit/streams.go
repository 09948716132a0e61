package limit

import (
	"fmt"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
)

// streamsQuota is the name of the quota of streams.
const streamsQuota = "streams"

// Streams bounds how many streams each caller has open at this gateway at a time. It is safe
// for concurrent use.
type Streams struct {
	most int

	mu   sync.Mutex
	open map[string]int // by caller
}

// NewStreams returns streams of which a caller may have most.
func NewStreams(most int) *Streams { return &Streams{most: most, open: map[string]int{}} }

// Middleware refuses one stream too many with QUOTA_EXCEEDED.
func (s *Streams) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		name := caller.Name(c)
		if !s.enter(name) {
			return &problem.Problem{
				Code: problem.QuotaExceeded, Violated: []string{streamsQuota}, RetryAfter: problem.MaxRetryAfter * time.Second,
				Detail: fmt.Sprintf("At most %d streams can be open at a time. Close one first.", s.most),
			}
		}
		defer s.leave(name)
		return next(c)
	}
}

func (s *Streams) enter(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[name] >= s.most {
		return false
	}
	s.open[name]++
	return true
}

func (s *Streams) leave(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[name]--; s.open[name] == 0 {
		delete(s.open, name)
	}
}
