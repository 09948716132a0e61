package participant

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

const (
	// slotWait is how long a try waits for its turn at the service. More would fill the
	// workflow task with waiting.
	slotWait = 100 * time.Millisecond
	// Of the last tries so many fail before others are not made, and then for how long.
	failures, tries = 5, 10
	openFor         = 5 * time.Second
	// fairTime is the least time in which a service that is well answers.
	fairTime = 900 * time.Millisecond
)

// Guarded is a participant that is asked only while that is likely to help. It is for
// callers that have another way, such as the first tries of an express saga.
type Guarded struct {
	next     saga.Participant
	policies failsafe.Executor[[]byte]
}

// Guard returns p with a bound of calls at a time, at least one, and a circuit breaker:
// a service that did not answer five of the last ten calls is left alone for five
// seconds. A call that is not made fails with the code UNAVAILABLE.
func Guard(p saga.Participant, atOnce int) *Guarded {
	slots := bulkhead.NewBuilder[[]byte](uint(max(atOnce, 1))).WithMaxWaitTime(slotWait).Build()
	var breaker circuitbreaker.CircuitBreaker[[]byte]
	breaker = circuitbreaker.NewBuilder[[]byte]().
		HandleIf(func(_ []byte, err error) bool {
			// One answer ends the time in which the service is left alone: it must be one.
			return unanswered(err) || cut(err) && breaker.IsHalfOpen()
		}).
		WithFailureThresholdRatio(failures, tries).WithDelay(openFor).WithSuccessThreshold(1).
		Build()
	return &Guarded{next: p, policies: failsafe.With(slots, breaker)}
}

// cutError is the failure of a call that its caller ended too soon.
type cutError struct{ error }

func (c *cutError) Unwrap() error { return c.error }

// cut reports whether a failure says nothing of the service: its caller has gone, or had
// little time.
func cut(err error) bool {
	_, short := errors.AsType[*cutError](err)
	return short || errors.Is(err, context.Canceled)
}

// unanswered reports whether a failure says that the service cannot answer, or not soon.
// A lock is of one row.
func unanswered(err error) bool {
	k, code := fault.KindOf(err), fault.CodeOf(err)
	return err != nil && (k == fault.Transient && code != fault.Locked || k == fault.Unknown) && !cut(err)
}

// Do implements [saga.Participant].
func (g *Guarded) Do(ctx context.Context, k saga.Key, input []byte) (output []byte, err error) {
	deadline, ok := ctx.Deadline()
	short := ok && time.Until(deadline) < fairTime
	output, err = g.policies.WithContext(ctx).Get(func() (output []byte, err error) {
		defer func() { // the policies would keep the slot of a call that panics
			if p := recover(); p != nil {
				err = fault.Errorf(fault.Bug, fault.Internal, "a panic: %v", p)
			}
		}()
		output, err = g.next.Do(ctx, k, input)
		if err != nil && short && ctx.Err() != nil {
			err = &cutError{err}
		}
		return output, err
	})
	switch {
	case errors.Is(err, bulkhead.ErrFull):
		return nil, fault.Wrap(err, fault.Transient, fault.Unavailable, "the service has no slot free")
	case errors.Is(err, circuitbreaker.ErrOpen):
		return nil, fault.Wrap(err, fault.Transient, fault.Unavailable, "the service has not answered of late")
	default:
		return output, err //nolint:wrapcheck // it is the step's
	}
}
