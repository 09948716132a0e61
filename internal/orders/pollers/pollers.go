// Package pollers tells whether workers poll the task queue on which orders start. An
// order that is placed without them waits for a worker that may never come: the queue
// may have another name than the workers'.
package pollers

import (
	"context"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

const (
	// keptFor is how long an answer of the engine is used, and silentFor how long one
	// that there is no worker: it may have just started.
	keptFor   = 3 * time.Second
	silentFor = 100 * time.Millisecond
	// longPoll is how long one poll waits at most. An idle worker then polls again, and
	// the engine notes the time.
	longPoll = time.Minute
	// pause is how long workers may be gone, for example in a deployment that restarts
	// all of them.
	pause = 30 * time.Second
)

// Pollers watches one task queue. It is safe for concurrent use.
type Pollers struct {
	engine client.Client
	queue  string
	now    func() time.Time

	mu     sync.Mutex
	asking bool
	asked  time.Time     // when the engine was last asked
	polls  map[poll]bool // those that the engine knows of
	heard  time.Time     // when one was last new: durations are of this host's clock alone
	since  time.Time     // since when no worker polls, zero while one does
}

// poll is the last poll of a worker. Workers in containers may share an identity.
type poll struct {
	identity string
	at       time.Time // by the engine's clock, in UTC
}

// New returns the pollers of a queue's workflow tasks.
func New(c client.Client, queue string, now func() time.Time) *Pollers {
	return &Pollers{engine: c, queue: queue, now: now}
}

// Silent reports whether no worker polls the queue, and has not for a time. It seldom
// asks the engine, and only one caller at a time waits for the answer. A worker that has
// stopped counts as polling for up to 90 s, because an idle one polls only every minute; a
// queue that was never polled is silent at once. An engine that does not answer changes
// nothing.
func (p *Pollers) Silent(ctx context.Context, atLeast time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	kept := keptFor
	if !p.since.IsZero() {
		kept = silentFor
	}
	if !p.asking && (p.asked.IsZero() || now.Sub(p.asked) >= kept) {
		p.ask(ctx, now)
	}
	return !p.since.IsZero() && now.Sub(p.since) >= atLeast
}

// ask asks the engine, and gives the lock away meanwhile.
func (p *Pollers) ask(ctx context.Context, now time.Time) {
	p.asking, p.asked = true, now // a failure counts: not every caller waits for an engine that is slow
	p.mu.Unlock()
	d, err := p.engine.DescribeTaskQueue(ctx, p.queue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	p.mu.Lock()
	p.asking = false
	if err != nil {
		return
	}
	polls := map[poll]bool{}
	for _, poller := range d.GetPollers() {
		last := poll{poller.GetIdentity(), poller.GetLastAccessTime().AsTime()}
		polls[last] = true
		// Any other time is new, an earlier one too: the engine's clock may have been set
		// back, or another of its hosts answers.
		if !p.polls[last] {
			p.heard = now
		}
	}
	p.polls = polls
	switch polled := !p.heard.IsZero() && now.Sub(p.heard) <= longPoll+pause; {
	case polled:
		p.since = time.Time{}
	case p.since.IsZero():
		p.since = now
	}
}
