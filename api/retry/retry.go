// Package retry repeats calls of services for operations that are safe to repeat. All
// repeats of a process share a budget, so that a service that is slow because of its load
// does not get more of it.
package retry

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/amends/amends/fault"
)

const (
	// share is how many of the calls in flight may be repeats, and least is how many may be
	// in any case, without which a server with few calls would never repeat one.
	share, least = 0.2, 3
	most         = 2 // repeats of one call
	firstPause   = 10 * time.Millisecond
	lastPause    = 100 * time.Millisecond
	jitter       = 0.5
)

// Retries repeats calls. It is safe for concurrent use.
type Retries struct{ policy retrypolicy.RetryPolicy[any] }

// New returns retries with a budget of their own.
func New() *Retries {
	return &Retries{retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return repeatable(err) }).
		WithBackoff(firstPause, lastPause).
		WithJitterFactor(jitter).
		WithMaxRetries(most).
		WithBudget(budget.NewBuilder().WithMaxRate(share).WithMinConcurrency(least).Build()).
		ReturnLastFailure().
		Build()}
}

// repeatable reports whether another attempt may have another end. An unknown outcome is
// one, because only operations are repeated that may be.
func repeatable(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Transient || kind == fault.Unknown
}

type allowed struct{}

// Allow returns a context in which calls may be repeated: that of an idempotent operation.
func Allow(ctx context.Context) context.Context { return context.WithValue(ctx, allowed{}, true) }

// Do calls a service, and repeats the call if it fails in a way that may pass, ctx allows
// it, and time and budget are left. It returns the last answer.
func Do[T any](ctx context.Context, r *Retries, call func(context.Context) (T, error)) (T, error) {
	if ctx.Value(allowed{}) == nil {
		return call(ctx)
	}
	var v T
	var last error
	err := failsafe.With(r.policy).WithContext(ctx).Run(func() error {
		v, last = call(ctx)
		return last
	})
	if err == nil {
		return v, nil
	}
	return v, last // without budget or time the policy has an error of its own
}
