package events

import (
	"fmt"
	"sync"
	"time"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/telemetry"
)

// lateAfter is the age of an unpublished event at which a process warns of it.
const lateAfter = 30 * time.Second

// Backlog is that of one service. It observes the relay.
type Backlog struct {
	service string
	shown   *telemetry.Outbox // nil if nothing is measured

	mu         sync.Mutex
	rows, dead int64
	oldest     time.Duration
}

var _ outbox.Observer = (*Backlog)(nil)

// NewBacklog returns the backlog of a service, empty at first. shown may be nil.
func NewBacklog(service string, shown *telemetry.Outbox) *Backlog {
	return &Backlog{service: service, shown: shown}
}

// Waiting implements [outbox.Observer].
func (b *Backlog) Waiting(rows int64, oldest time.Duration, dead int64) {
	b.mu.Lock()
	b.rows, b.oldest, b.dead = rows, oldest, dead
	b.mu.Unlock()
	if b.shown != nil {
		b.shown.Waiting(rows, oldest, dead)
	}
}

// Published implements [outbox.Observer].
func (b *Backlog) Published(n int) {
	if b.shown != nil {
		b.shown.Published(n)
	}
}

// Failed implements [outbox.Observer].
func (b *Backlog) Failed() {
	if b.shown != nil {
		b.shown.Failed()
	}
}

// Warnings returns what operators should know: events that wait for the broker for long,
// and events that it has refused.
func (b *Backlog) Warnings() (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.oldest > lateAfter {
		all = append(all, fmt.Sprintf("%d events of %s wait for the broker, the oldest for %s", b.rows, b.service, b.oldest.Truncate(time.Second)))
	}
	if b.dead > 0 {
		all = append(all, fmt.Sprintf("the broker has refused %d events of %s", b.dead, b.service))
	}
	return all
}
