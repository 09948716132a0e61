// Package handler calls the handler of a group of listeners: in a span, within a time
// limit, with a panic as a bug, and counted.
package handler

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// Caller calls handlers. All fields but Tracer must be set.
type Caller struct {
	Group string
	// Limit bounds one call.
	Limit time.Duration
	// Handled counts events.
	Handled func(n int)
	// Tracer makes a span of each call; nil: none.
	Tracer trace.Tracer
	Logger *slog.Logger
}

// One calls handle with one event, which is the cause of all that it tells. attempt counts
// the calls with it from 1. One returns nil for an outcome: success, a refusal, or a
// suspension.
func (c Caller) One(ctx context.Context, e event.Event, attempt int64, handle func(ctx context.Context, e event.Event) error) error {
	ctx = event.CausedBy(ctx, e)
	err := c.observe(ctx, []event.Event{e}, attempt, func(ctx context.Context) error { return handle(ctx, e) })
	if kind := fault.KindOf(err); kind == fault.Business || kind == fault.Suspension {
		err = nil
	}
	if err == nil {
		c.Handled(1)
	}
	return err
}

// Several calls handle with several events. It returns every error, a refusal too, which
// may be that of one of them.
func (c Caller) Several(ctx context.Context, events []event.Event, handle func(ctx context.Context, events []event.Event) error) error {
	err := c.observe(ctx, events, 1, func(ctx context.Context) error { return handle(ctx, events) })
	if err == nil {
		c.Handled(len(events))
	}
	return err
}

// observe makes a call within the limit, and in a span if there is a tracer.
func (c Caller) observe(ctx context.Context, events []event.Event, attempt int64, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	if c.Tracer == nil {
		return c.recovered(ctx, events[0], call)
	}
	ctx, span := c.start(ctx, events, attempt)
	defer span.End()
	err := c.recovered(ctx, events[0], call)
	if err != nil {
		span.SetStatus(codes.Error, string(fault.CodeOf(err)))
	}
	return err
}

func (c Caller) recovered(ctx context.Context, e event.Event, call func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.Logger.ErrorContext(ctx, "a handler panicked", "group", c.Group, "event", e.ID, "type", e.Type, "panic", p, "stack", string(debug.Stack()))
			err = fault.Errorf(fault.Bug, fault.Internal, "the handler panicked")
		}
	}()
	return call(ctx)
}
