package saga

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/amends/amends/saga/progress"
)

// pulse turns the reports of one attempt of a step into heartbeats.
type pulse struct {
	mu    sync.Mutex
	done  int
	quiet time.Time // until then the attempt is too young for a heartbeat
	never bool      // the call has no heartbeat timeout
}

// pulsing returns the context for an attempt, and its pulse. An attempt that ends
// within a third of its heartbeat timeout sends none: each is a write of the engine, and
// most attempts are short. (The SDK merges those that follow each other closely.)
func pulsing(ctx context.Context) (context.Context, *pulse) {
	info := activity.GetInfo(ctx)
	p := &pulse{quiet: time.Now().Add(info.HeartbeatTimeout / 3), never: info.HeartbeatTimeout == 0}
	return progress.With(ctx, func(done int) {
		if now, due := p.beat(done); due {
			activity.RecordHeartbeat(ctx, now)
		}
	}), p
}

// beat notes a report, and returns the progress so far and whether to send it.
func (p *pulse) beat(done int) (so int, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = max(p.done, done)
	return p.done, !p.never && !time.Now().Before(p.quiet)
}

// reached returns the progress of the attempt, 0 for a call without a heartbeat timeout.
// Such a call may be one of v0.1.0, whose workflow code knew of no progress: a history in
// which it flagged the step after a failure with progress would not fit the code of today.
func (p *pulse) reached() int {
	if p.never {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}
