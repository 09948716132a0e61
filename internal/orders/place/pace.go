package place

import (
	"sync"
	"time"

	"github.com/amends/amends/internal/background"
)

// The pauses between two looks at a record that is not there yet. The first step on an
// idle platform takes some milliseconds.
const (
	firstPause, mostPause = 4 * time.Millisecond, 100 * time.Millisecond
	// fresh is how long it counts how long records take, and mostHead the longest pause
	// before the first look: a platform that is quick again is noticed soon.
	fresh, mostHead = time.Second, 250 * time.Millisecond
)

// pace knows how long the records of started orders took to be there, of late: to look much
// earlier is in vain, and under load most looks would be. It is safe for concurrent use.
type pace struct {
	mu      sync.Mutex
	typical time.Duration
	at      time.Time // when the last record was found
}

// found notes the time from the start of an order to the look that found its record.
func (p *pace) found(now time.Time, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.at) > fresh {
		p.typical = took
	}
	p.typical, p.at = (p.typical+took)/2, now
}

// looks returns the pause before the first look at the record of an order that was started
// now, half the typical time, and how to repeat it. Without a recent order there is none.
func (p *pace) looks(now time.Time) (head time.Duration, again background.Retry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	again = background.Retry{First: firstPause, Most: mostPause}
	if now.Sub(p.at) > fresh {
		return 0, again
	}
	again.First = min(max(again.First, p.typical/8), again.Most)
	return min(p.typical/2, mostHead), again
}
