package watch

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/services/order"
)

// longPoll is how long one poll of a task queue waits at most; the engine records
// when a poll begins and ends.
const longPoll = time.Minute

// Gauges shows the measurements. *telemetry.Orders implements it.
type Gauges interface {
	// Attention shows how many orders are flagged.
	Attention(n int)
	// Stuck shows how many orders are stuck by each cause, and how many were not
	// examined.
	Stuck(byCause map[string]int, unexamined int)
	// Queue shows whether a task queue is without a worker.
	Queue(name string, without bool)
	// Measured records a complete measurement and how long it took.
	Measured(at time.Time, took time.Duration)
	// Failed records an incomplete measurement.
	Failed()
}

// Meter returns a loop that measures the orders that need a person, and which task
// queues no worker polls. Every process that runs it finds the same values.
func (w *Watch) Meter(shown Gauges, log *slog.Logger) *process.Loop {
	m := &meter{watch: w, shown: shown, missing: map[string]time.Time{}}
	return process.NewLoop(process.LoopConfig{
		Name: "measure the orders that make no progress", Every: w.c.Stuck.Every, Round: m.measure, Logger: log,
	})
}

// meter measures repeatedly.
type meter struct {
	watch   *Watch
	shown   Gauges
	missing map[string]time.Time // since when a queue is unknown to the engine
}

// measure shows every value that can be measured, also when another one cannot.
func (m *meter) measure(ctx context.Context) error {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, m.limit())
	defer cancel()
	err := errors.Join(m.attention(within), m.stuck(within), m.queues(within))
	switch {
	case ctx.Err() != nil: // cut off
	case err != nil:
		m.shown.Failed()
	default:
		m.shown.Measured(time.Now(), time.Since(began))
	}
	return err
}

// limit bounds one measurement: the time that its requests take at their rate, and
// a reserve.
func (m *meter) limit() time.Duration {
	o := m.watch.c.Stuck
	return max(o.Every, time.Duration(o.Limit)*time.Second/time.Duration(o.Rate)+10*time.Second)
}

func (m *meter) attention(ctx context.Context) error {
	n, err := m.watch.c.Orders.Count(ctx, order.Filter{NeedsAttention: true})
	if err != nil {
		return err
	}
	m.shown.Attention(int(n))
	return nil
}

func (m *meter) stuck(ctx context.Context) error {
	report, err := m.watch.newSearch().report(ctx)
	if err != nil {
		return err
	}
	byCause := map[string]int{}
	for _, cause := range causes {
		byCause[string(cause)] = 0 // so that a cause that has passed does not stay
	}
	for _, o := range report.Orders {
		for _, cause := range causes {
			if slices.ContainsFunc(o.Symptoms, func(s Symptom) bool { return s.Cause == cause }) {
				byCause[string(cause)]++
			}
		}
	}
	m.shown.Stuck(byCause, report.Unexamined)
	return nil
}

// queues shows which services' task queues no worker polls.
func (m *meter) queues(ctx context.Context) error {
	s := m.watch.newSearch()
	for _, queue := range s.c.Queues {
		kinds := []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_ACTIVITY}
		if queue.Decides {
			kinds = append(kinds, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		}
		without := false
		for _, kind := range kinds {
			last, err := s.lastPoll(ctx, queue.Name, kind)
			if err != nil {
				return err
			}
			without = m.unpolled(kind.String()+" "+queue.Name, last, s) || without
		}
		m.shown.Queue(queue.Name, without)
	}
	return nil
}

// unpolled reports whether no worker has polled a queue for too long: an idle
// worker polls once per longPoll. A queue that the engine does not know may belong
// to a worker that is starting.
func (m *meter) unpolled(key string, last time.Time, s *search) bool {
	if !last.IsZero() {
		delete(m.missing, key)
		return s.now.Sub(last) > longPoll+s.c.Stuck.NotTaken
	}
	if m.missing[key].IsZero() {
		m.missing[key] = s.now
	}
	return s.now.Sub(m.missing[key]) > s.c.Stuck.NotTaken
}
