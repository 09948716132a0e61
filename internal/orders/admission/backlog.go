package admission

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
)

const (
	// askEvery is the time between two questions: the engine keeps an answer for 5 s.
	askEvery = 6 * time.Second
	// askTimeout bounds the questions about all queues.
	askTimeout = 3 * time.Second
	// forgetAfter is the age at which an answer says nothing any more.
	forgetAfter = 3 * askEvery
)

// Queue is a task queue of one kind of tasks.
type Queue struct {
	Name string
	Kind enumspb.TaskQueueType
}

// Backlog estimates how long the steps of an order that is placed now will wait for
// workers, and how many orders the workers take.
//
// The engine tells when the task at the head of a queue was put there. If it was x
// seconds ago, and the head has moved on by y seconds of arrivals in each second, the
// newest task waits x/y: the estimate sees an overload grow long before the head is
// old. A head that does not move at all is another matter: no worker takes tasks,
// because it is being deployed or is down. Its orders are kept for it, as ever, and
// they are no overload until it comes back. A queue counts from the second time that
// it is seen not to be empty, because a worker that restarts looks slow in between.
//
// The number of open orders would be no such signal, nor their age: orders that wait
// for a provider which is down burden no other order.
type Backlog struct {
	describe  Describe
	namespace string
	queues    []Queue
	now       func() time.Time

	mu       sync.Mutex
	asking   bool
	asked    time.Time // when the last questions began
	answered time.Time // when the last answers were complete
	estimate Estimate
	heads    map[Queue]head
}

// Estimate is the backlog at a time; the zero value means that there is none, or that
// it is not known.
type Estimate struct {
	Wait time.Duration // of all steps together
	Rate float64       // tasks that workers take in a second from the longest queue
}

// Describe asks the engine about a task queue.
type Describe func(context.Context, *workflowservice.DescribeTaskQueueRequest) (*workflowservice.DescribeTaskQueueResponse, error)

// head is when the first task of a queue was put there, as it was seen at a time.
type head struct{ put, seen time.Time }

func (h head) age() time.Duration { return h.seen.Sub(h.put) }

// NewBacklog returns the backlog of queues in a namespace; now is the clock.
func NewBacklog(d Describe, namespace string, queues []Queue, now func() time.Time) *Backlog {
	return &Backlog{describe: d, namespace: namespace, queues: queues, now: now, heads: map[Queue]head{}}
}

// Estimate returns the last estimate. It does not block: if that is old, it asks anew
// in the background.
func (b *Backlog) Estimate(ctx context.Context) Estimate {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if !b.asking && now.Sub(b.asked) >= askEvery && len(b.queues) > 0 {
		b.asking, b.asked = true, now
		go b.ask(context.WithoutCancel(ctx)) // the answer is for later placements
	}
	if now.Sub(b.answered) > forgetAfter {
		return Estimate{}
	}
	return b.estimate
}

func (b *Backlog) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var total Estimate
	var longest time.Duration
	var failed error
	for _, q := range b.queues {
		one, err := b.measure(ctx, q)
		failed = errors.Join(failed, err)
		total.Wait += one.Wait
		if one.Wait > longest {
			longest, total.Rate = one.Wait, one.Rate
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asking = false
	if failed == nil {
		b.answered, b.estimate = b.now(), total
	}
}

// measure estimates the backlog of one queue.
func (b *Backlog) measure(ctx context.Context, q Queue) (Estimate, error) {
	d, err := b.describe(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: b.namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: q.Name, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		TaskQueueType: q.Kind, ReportStats: true,
	})
	if err != nil {
		return Estimate{}, fmt.Errorf("describe task queue %s: %w", q.Name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	rate := float64(d.GetStats().GetTasksDispatchRate())
	before, now := b.heads[q], head{seen: b.now()}
	now.put = now.seen.Add(-d.GetStats().GetApproximateBacklogAge().AsDuration())
	b.heads[q] = now
	if before.age() <= 0 || rate <= 0 {
		return Estimate{}, nil
	}
	return Estimate{wait(before, now), rate}, nil
}

// still is a movement of a head that the inaccuracy of two measurements explains.
const still = 50 * time.Millisecond

// wait returns how long the newest task of a queue waits, from two views of its head.
func wait(before, now head) time.Duration {
	moved, passed := now.put.Sub(before.put), now.seen.Sub(before.seen)
	switch {
	case moved <= still:
		return 0 // no worker takes tasks
	case moved >= passed:
		return now.age() // the queue gets shorter
	default:
		return time.Duration(float64(now.age()) * float64(passed) / float64(moved))
	}
}
