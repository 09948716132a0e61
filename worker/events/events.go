// Package events connects the services of a process to the broker: it publishes the
// facts of their outboxes, and hands those of others to their listeners.
package events

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/worker/reporting"
)

// Config says how the services are connected.
type Config struct {
	// Bus is the broker. The caller closes it after the parts have stopped.
	Bus event.Bus
	// TakeoverAfter is how long after the last sign of life of a process another one takes
	// over its listeners and outboxes; 0 is 15 s.
	TakeoverAfter time.Duration
	// Retry says when an event is tried again that a listener could not handle.
	Retry waiting.Retry
	// Drain bounds how long a listener finishes the events that it has begun.
	Drain time.Duration
	// Metrics receives the measurements; nil: nothing is measured.
	Metrics *telemetry.Metrics
	// Logger must be set.
	Logger *slog.Logger
}

// Warner knows what operators should know while its process is ready.
type Warner interface{ Warnings() []string }

// Publish starts the relay of each service's outbox. They stop after the workers, so that
// the facts of a drain are published.
func (c Config) Publish(ctx context.Context, parts *process.Parts, stores []*registry.Stores) (warners []Warner, err error) {
	var all *telemetry.Outboxes
	if c.Metrics != nil {
		if all, err = c.Metrics.Outboxes(); err != nil {
			return nil, err //nolint:wrapcheck // it says which metrics
		}
	}
	for _, s := range stores {
		if !s.Row.Tells() {
			continue
		}
		var shown *telemetry.Outbox
		if all != nil {
			shown = all.Of(s.Row.Name)
		}
		b := NewBacklog(s.Row.Name, shown)
		warners = append(warners, b)
		relay := outbox.NewRelay(s.Own, c.Bus, outbox.Options{Service: s.Row.Name, Lease: c.TakeoverAfter, Observer: b, Tracer: c.Metrics.Tracer(), Logger: c.Logger})
		parts.Start(ctx, process.Part{Name: "events of " + s.Row.Name, Run: relay.Run})
	}
	return warners, nil
}

// Listen starts each service's listener. They stop before the workers, whose steps a
// listener may call.
func (c Config) Listen(ctx context.Context, parts *process.Parts, stores []*registry.Stores) (warners []Warner, err error) {
	var shown *telemetry.Listeners
	o := inbox.Options{Bus: c.Bus, Lease: c.TakeoverAfter, Logger: c.Logger, Retry: c.Retry, Tracer: c.Metrics.Tracer()}
	if c.Metrics != nil {
		if shown, err = c.Metrics.Listeners(); err != nil {
			return nil, err //nolint:wrapcheck // it says which metrics
		}
		o.Meter = shown
	}
	for _, s := range stores {
		if s.Row.Listen == nil {
			continue
		}
		o.DB, o.Report = s.Own, reporting.Of(s.Row.Name)
		group := s.Row.Listen(s, o)
		if group.Name() != s.Row.Name {
			return warners, fmt.Errorf("the service %s listens as %s: a group has the name of its service", s.Row.Name, group.Name())
		}
		warners = append(warners, group)
		parts.Start(ctx, process.Part{Name: "listener of " + s.Row.Name, Run: group.Run, Drain: c.Drain})
		if s.Row.Stand != nil {
			standing := NewStanding(s, c.Bus, shown, c.Logger)
			warners = append(warners, standing)
			parts.Start(ctx, process.Part{Name: "standing of " + s.Row.Name, Run: standing.Run})
		}
	}
	return warners, nil
}
