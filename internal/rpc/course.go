package rpc

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/fault"
)

// course is the course of one call through its attempts.
type course struct {
	// lost is set when an attempt sent its request and got no answer of the service: it
	// may have had an effect.
	lost atomic.Bool
	// told is the last answer of the service, a fault.
	told atomic.Pointer[error]
}

type courseKey struct{}

// attempt is one attempt of a call.
type attempt struct {
	of   *course
	sent atomic.Bool
}

type attemptKey struct{}

// tracker is a [stats.Handler] that keeps the courses of calls. Only it learns whether a
// request left: the status of a call that never left looks like that of a lost answer.
type tracker struct{}

// TagRPC begins an attempt.
func (tracker) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	if c, ok := ctx.Value(courseKey{}).(*course); ok {
		return context.WithValue(ctx, attemptKey{}, &attempt{of: c})
	}
	return ctx
}

// HandleRPC notes the steps of an attempt.
func (tracker) HandleRPC(ctx context.Context, event stats.RPCStats) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return
	}
	switch e := event.(type) {
	case *stats.OutPayload:
		a.sent.Store(true)
	case *stats.End:
		a.end(e.Error)
	}
}

func (a *attempt) end(err error) {
	if err == nil {
		return
	}
	if told := answered(status.Convert(err)); told != nil {
		a.of.told.Store(&told)
	} else if a.sent.Load() {
		a.of.lost.Store(true)
	}
}

// fault returns the fault of a call that failed with err: the service's last answer if
// there was one and no later attempt was sent.
func (c *course) fault(err error) error {
	if f := new(fault.Error); errors.As(err, &f) { // of a plugin's interceptor
		return err
	}
	told := c.told.Load()
	if told == nil || answered(status.Convert(err)) == nil && c.lost.Load() {
		return unanswered(err, c.lost.Load())
	}
	if f := fault.Of(*told); f.Kind == fault.Transient && c.lost.Load() {
		f.Kind = fault.Unknown // this attempt had no effect, but an earlier one may have
	}
	return *told
}

// TagConn implements [stats.Handler].
func (tracker) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements [stats.Handler].
func (tracker) HandleConn(context.Context, stats.ConnStats) {}
