// Package clock measures how far this host's clock is ahead of the engine's.
//
// The times of a saga are the engine's, and limits are durations: no code compares a
// time of one host with a time of another. Code that needs to know how old something
// at the engine is asks for the engine's present time here.
package clock

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/engine"
)

// taskQueue never has a task. The engine remembers, by its own clock, when a poll of a
// queue began; it answers no other request with the time of that request.
const taskQueue = "amends-clock"

const (
	// askTimeout bounds one measurement.
	askTimeout = 5 * time.Second
	// pollTimeout is what the engine is told: it refuses polls of less than 2 s. The
	// measurement ends its poll as soon as the engine has seen it.
	pollTimeout = time.Minute
	// again is the pause between two looks for the poll.
	again = 10 * time.Millisecond
)

// Skew is how far this host's clock is ahead of the engine's; negative: behind.
type Skew struct {
	Ahead time.Duration
	// Within is the largest possible error of Ahead: half the time of the measurement.
	Within time.Duration
}

// Now returns the engine's present time.
func (s Skew) Now() time.Time { return time.Now().Add(-s.Ahead) }

// Now measures the skew and returns the engine's present time. Its error is that of
// [Measure].
func Now(ctx context.Context, c *engine.Client) (time.Time, error) {
	s, err := Measure(ctx, c)
	return s.Now(), err
}

// Measure measures the skew, in a few milliseconds and for 5 seconds at most. It adds
// no events to a history. Its error is a fault, as of [engine.Client.Check].
func Measure(ctx context.Context, c *engine.Client) (Skew, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	m := measurement{client: c, began: time.Now()}
	if err := m.look(ctx); err != nil {
		return Skew{}, err
	}
	before := m.seen
	failed, end := m.poll(ctx)
	defer end()
	for m.seen.Equal(before) { // until a poll of this process has begun or ended since
		select {
		case err := <-failed:
			return Skew{}, c.Explain(fmt.Errorf("ask for its time: %w", err))
		case <-time.After(again):
		}
		if err := m.look(ctx); err != nil {
			return Skew{}, err
		}
	}
	half := time.Since(m.began) / 2
	return Skew{Ahead: m.began.Add(half).Sub(m.seen), Within: half}, nil
}

// measurement is one measurement of the skew.
type measurement struct {
	client *engine.Client
	began  time.Time
	seen   time.Time // the last poll of this process, by the engine's clock
}

// poll begins a poll, and returns the function that ends it. failed receives the error
// of a poll that the engine refuses.
func (m *measurement) poll(ctx context.Context) (failed <-chan error, end func()) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTimeout)
	refused, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		_, err := m.client.WorkflowService().PollActivityTaskQueue(ctx, &workflowservice.PollActivityTaskQueueRequest{
			Namespace: m.client.Namespace, Identity: identity(),
			TaskQueue: &taskqueuepb.TaskQueue{Name: taskQueue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		})
		if err != nil {
			refused <- err
		}
	}()
	return refused, func() { cancel(); <-ended }
}

// look notes when the engine has last seen a poll of this process begin or end.
func (m *measurement) look(ctx context.Context) error {
	d, err := m.client.DescribeTaskQueue(ctx, taskQueue, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
	if err != nil {
		return m.client.Explain(fmt.Errorf("ask for its time: %w", err))
	}
	for _, p := range d.GetPollers() {
		if p.GetIdentity() == identity() {
			m.seen = p.GetLastAccessTime().AsTime()
		}
	}
	return nil
}

// identity names this process to the engine, as the SDK does.
func identity() string {
	host, _ := os.Hostname() // without one the process is enough
	return strconv.Itoa(os.Getpid()) + "@" + host
}
