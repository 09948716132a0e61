package worker

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
)

// longPoll is how long a worker waits on a queue at most before it asks again;
// the engine notes when it begins and ends.
const longPoll = time.Minute

// measure begins to measure what makes no progress, in the group that decides
// orders, and returns what waits for its end. Several workers that measure find
// the same.
func (g *Group) measure(ctx context.Context, c *engine.Client) (wait func(), err error) {
	i := slices.IndexFunc(g.stores, func(s *stores) bool { return s.row.decides })
	if g.o.Metrics == nil || i < 0 {
		return func() {}, nil
	}
	shown, err := g.o.Metrics.Orders()
	if err != nil {
		return nil, err
	}
	m := &meter{
		o: g.o, store: orderstore.New(g.stores[i].own), client: c, shown: shown, log: g.o.Logger,
		every: g.o.Stuck.withDefaults().Every, missing: map[string]time.Time{},
	}
	ctx, stop := context.WithCancel(ctx) // also when the group ends by itself
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.run(ctx)
	}()
	return func() {
		stop()
		<-ended
	}, nil
}

// meter measures again and again.
type meter struct {
	o       Options
	store   *orderstore.Store
	client  *engine.Client
	shown   *telemetry.Orders
	log     *slog.Logger
	every   time.Duration
	missing map[string]time.Time // since when a queue that nobody has polled is known as such
	said    string               // why the last measurement failed
}

// run measures until ctx ends.
func (m *meter) run(ctx context.Context) {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	for {
		m.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// once measures. What can be measured is shown although something else cannot,
// which is counted, and logged when it begins.
func (m *meter) once(ctx context.Context) {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, m.limit())
	defer cancel()
	err := errors.Join(m.attention(within), m.stuck(within), m.queues(within))
	switch {
	case ctx.Err() != nil: // cut off, which says nothing
	case err != nil:
		m.shown.Failed()
		if m.said == "" {
			m.log.Warn("orders that make no progress are not measured", "error", err)
		}
		m.said = err.Error()
	default:
		m.said = ""
		m.shown.Measured(time.Now(), time.Since(began))
	}
}

// limit bounds one measurement: as long as the questions may take, and then some.
func (m *meter) limit() time.Duration {
	o := m.o.Stuck.withDefaults()
	return max(m.every, time.Duration(o.Limit)*time.Second/time.Duration(o.Rate)+10*time.Second)
}

func (m *meter) attention(ctx context.Context) error {
	n, err := m.store.Count(ctx, order.Filter{NeedsAttention: true})
	if err != nil {
		return err
	}
	m.shown.Attention(int(n))
	return nil
}

func (m *meter) stuck(ctx context.Context) error {
	report, err := newLook(m.o, m.store, m.client).report(ctx)
	if err != nil {
		return err
	}
	byCause := map[string]int{}
	for _, cause := range causes {
		byCause[string(cause)] = 0 // a cause that has passed must not stay
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

// queues shows which services' queues no worker polls.
func (m *meter) queues(ctx context.Context) error {
	l := newLook(m.o, m.store, m.client)
	for _, r := range registry {
		kinds := []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_ACTIVITY}
		if r.decides {
			kinds = append(kinds, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		}
		queue, without := l.queues[r.name], false
		for _, kind := range kinds {
			last, err := l.lastPoll(ctx, queue, kind)
			if err != nil {
				return err
			}
			without = m.unpolled(kind.String()+" "+queue, last, l) || without
		}
		m.shown.Queue(queue, without)
	}
	return nil
}

// unpolled says whether nobody has polled a queue for too long: an idle worker
// polls once in a longPoll. A queue that nobody knows may be one whose worker
// starts right now.
func (m *meter) unpolled(key string, last time.Time, l *look) bool {
	if !last.IsZero() {
		delete(m.missing, key)
		return l.now.Sub(last) > longPoll+l.o.NotTaken
	}
	if m.missing[key].IsZero() {
		m.missing[key] = l.now
	}
	return l.now.Sub(m.missing[key]) > l.o.NotTaken
}
