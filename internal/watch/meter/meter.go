// Package meter measures, for alerts, how many orders need an operator or make no
// progress, and which task queues no worker polls.
package meter

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/recent"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/services/order"
)

// Gauges receives the measurements. *telemetry.Orders implements it.
type Gauges interface {
	// Attention receives how many orders are flagged.
	Attention(n int)
	// Stuck receives how many orders are stuck by each cause, and how many were not
	// examined.
	Stuck(byCause map[string]int, unexamined int)
	// StuckSince receives when the order that is stuck longest stopped, the zero time if none
	// is stuck, and how many stopped in each part of the last hour; nil: none.
	StuckSince(oldest time.Time, trend []int64)
	// Queue receives whether a task queue is without a worker.
	Queue(name string, without bool)
	// Measured records a complete measurement and how long it took.
	Measured(at time.Time, took time.Duration)
	// Failed records an incomplete measurement.
	Failed()
}

// Flagged counts orders in the order service's store.
type Flagged interface {
	// Count returns how many orders a filter selects, whatever its limit.
	Count(ctx context.Context, f order.Filter) (int64, error)
}

// New returns a loop that measures every c.Options.Every. Every process that runs it
// finds the same values.
func New(flagged Flagged, c stuck.Config, shown Gauges, log *slog.Logger) *background.Loop {
	m := newMeter(flagged, c, shown)
	return background.NewLoop(background.LoopConfig{
		Name: "measure the orders that make no progress", Every: m.options.Every, Round: m.measure, Logger: log,
	})
}

// meter measures repeatedly.
type meter struct {
	flagged Flagged
	finder  *stuck.Finder
	monitor *queue.Monitor
	options stuck.Options
	shown   Gauges
}

func newMeter(flagged Flagged, c stuck.Config, shown Gauges) *meter {
	o := c.Options.WithDefaults()
	return &meter{flagged, stuck.New(c), queue.NewMonitor(c.Engine, c.Queues, o.NotTaken), o, shown}
}

// measure shows every value that can be measured, also when another one cannot.
func (m *meter) measure(ctx context.Context) error {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, m.limit())
	defer cancel()
	err := errors.Join(m.attention(within), m.stuck(within), m.monitor.Measure(within, m.shown.Queue))
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
	o := m.options
	examined := 3 * o.Limit // those with a record, those without, and refunds
	return max(o.Every, time.Duration(examined)*time.Second/time.Duration(o.Rate)+10*time.Second)
}

func (m *meter) attention(ctx context.Context) error {
	n, err := m.flagged.Count(ctx, order.Filter{NeedsAttention: true})
	if err != nil {
		return err //nolint:wrapcheck // the store's fault says enough
	}
	m.shown.Attention(int(n))
	return nil
}

func (m *meter) stuck(ctx context.Context) error {
	report, err := m.finder.Find(ctx)
	if err != nil {
		return err
	}
	byCause := map[string]int{}
	for _, cause := range symptom.Causes {
		byCause[string(cause)] = 0 // so that a cause that has passed does not stay
	}
	for _, o := range report.Orders {
		for _, cause := range symptom.Causes {
			if slices.ContainsFunc(o.Symptoms, func(s symptom.Symptom) bool { return s.Cause == cause }) {
				byCause[string(cause)]++
			}
		}
	}
	m.shown.Stuck(byCause, report.Unexamined)
	m.shown.StuckSince(since(report, time.Now()))
	return nil
}

// since returns when the stuck order stopped that is stuck longest, and how many stopped in each
// part of the last hour. An order has stopped at its first symptom.
func since(r stuck.Report, now time.Time) (oldest time.Time, trend []int64) {
	for _, o := range r.Orders {
		if len(o.Symptoms) == 0 {
			continue
		}
		first := slices.MinFunc(o.Symptoms, func(a, b symptom.Symptom) int { return a.Since.Compare(b.Since) }).Since
		if oldest.IsZero() || first.Before(oldest) {
			oldest = first
		}
		trend = recent.Add(trend, first, now)
	}
	return oldest, trend
}
