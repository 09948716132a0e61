// Package queue finds task queues that no worker polls, or that no worker answers on.
package queue

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/clock"
)

// longPoll is how long one poll of a task queue waits at most; the engine records
// when a poll begins and ends.
const longPoll = time.Minute

// questionTimeout bounds one request to the engine.
const questionTimeout = 5 * time.Second

// Queue is the task queue of one service.
type Queue struct {
	Service, Name string
	// Decides reports whether the queue also carries the order workflow's tasks.
	Decides bool
}

// Kind is the kind of the tasks of a queue: workflow or activity.
type Kind = enumspb.TaskQueueType

// LastPoll returns when a worker last began or ended a poll of a queue, the zero
// time for a queue that the engine does not know. The engine forgets polls after
// some minutes.
func LastPoll(ctx context.Context, c *engine.Client, name string, kind Kind) (last time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	d, err := c.DescribeTaskQueue(ctx, name, kind)
	if err != nil {
		return time.Time{}, fmt.Errorf("describe task queue %s: %w", name, err)
	}
	for _, p := range d.GetPollers() {
		if at := p.GetLastAccessTime().AsTime(); at.After(last) {
			last = at
		}
	}
	return last, nil
}

// Monitor finds the queues without a worker, repeatedly. It is not safe for
// concurrent use.
type Monitor struct {
	engine   *engine.Client
	queues   []Queue
	patience time.Duration
	missing  map[string]time.Time // since when a queue is unknown to the engine
}

// NewMonitor returns a monitor of queues. A queue counts as without a worker once its
// last poll has been over for the patience.
func NewMonitor(c *engine.Client, queues []Queue, patience time.Duration) *Monitor {
	return &Monitor{c, queues, patience, map[string]time.Time{}}
}

// Measure shows for every queue, in order, whether it is without a worker. It ends at
// the first question that the engine does not answer.
func (m *Monitor) Measure(ctx context.Context, show func(name string, without bool)) error {
	now, err := clock.Now(ctx, m.engine)
	if err != nil {
		return err //nolint:wrapcheck // a fault that says enough
	}
	for _, queue := range m.queues {
		kinds := []Kind{enumspb.TASK_QUEUE_TYPE_ACTIVITY}
		if queue.Decides {
			kinds = append(kinds, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		}
		without := false
		for _, kind := range kinds {
			last, err := LastPoll(ctx, m.engine, queue.Name, kind)
			if err != nil {
				return err
			}
			without = m.unpolled(kind.String()+" "+queue.Name, last, now) || without
		}
		show(queue.Name, without)
	}
	return nil
}

// unpolled reports whether no worker has polled a queue for too long: an idle
// worker polls once per longPoll. A queue that the engine does not know may belong
// to a worker that is starting.
func (m *Monitor) unpolled(key string, last, now time.Time) bool {
	if !last.IsZero() {
		delete(m.missing, key)
		return now.Sub(last) > longPoll+m.patience
	}
	if m.missing[key].IsZero() {
		m.missing[key] = now
	}
	return now.Sub(m.missing[key]) > m.patience
}
