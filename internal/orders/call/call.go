// Package call makes the calls to the engine that the parts of package orders share. It
// remembers when the engine last answered, and turns failures into faults.
package call

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
)

// livelyFor is how long an answer of the engine counts as a sign of life.
const livelyFor = time.Second

// Engine is a Temporal client that remembers its last sign of life. It is safe for
// concurrent use.
type Engine struct {
	client.Client

	now      func() time.Time
	answered atomic.Pointer[time.Time] // when the engine last answered anything
}

// New wraps t; now is its clock.
func New(t client.Client, now func() time.Time) *Engine { return &Engine{Client: t, now: now} }

// Answered notes that the engine has just answered. The caller of any method of the
// client calls it.
func (e *Engine) Answered() {
	now := e.now() // with its monotonic reading: the host's clock may be set back
	e.answered.Store(&now)
}

// Reachable fails if the engine does not answer within a time. Under load another
// answer is always recent, and the question costs nothing.
func (e *Engine) Reachable(ctx context.Context, within time.Duration) error {
	if last := e.answered.Load(); last != nil {
		if since := e.now().Sub(*last); since >= 0 && since < livelyFor {
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if _, err := e.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("ask the engine whether it is there: %w", err)
	}
	e.Answered()
	return nil
}

// Update sends an update to a workflow. It returns nil once the update is in the
// history, and whether its outcome arrived in time. A refusal is an error.
func (e *Engine) Update(ctx context.Context, o client.UpdateWorkflowOptions, result any) (done bool, err error) {
	o.WaitForStage = client.WorkflowUpdateStageAccepted
	handle, err := e.UpdateWorkflow(ctx, o)
	if err != nil {
		return false, fmt.Errorf("send the saga %s: %w", o.UpdateName, err)
	}
	e.Answered()
	err = handle.Get(ctx, result)
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	if errors.As(err, &application) || errors.As(err, &gone) {
		return false, fmt.Errorf("the outcome of %s: %w", o.UpdateName, err)
	}
	return err == nil, nil
}

// IsUnknownWorkflow reports whether the engine has no such workflow. A namespace
// that it does not know is another error.
func IsUnknownWorkflow(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}

// Refuse returns a business fault with the code: a repeat does not change it.
func Refuse(code fault.Code) error { return fault.Errorf(fault.Business, code, "") }

// nothingStarted is true of a request that the engine did not get, or has refused.
const nothingStarted = "Nothing was started by this request. Try again after Retry-After seconds, a placement with the same key: an earlier request with it may have placed the order."

// Harmless returns the UNAVAILABLE fault of a request that certainly had no effect.
func Harmless(cause error) error { return Unavailable(nothingStarted, cause) }

// Unanswered returns the UNAVAILABLE fault of calls without an answer: with the doubt
// as its detail, unless their attempts prove that they had no effect.
func Unanswered(attempts *attempt.Log, doubt string, cause error) error {
	if attempts.Harmless() {
		return Harmless(cause)
	}
	return Unavailable(doubt, cause)
}

// Unavailable returns an UNAVAILABLE fault. Clients see detail, logs the cause.
func Unavailable(detail string, cause error) error {
	return fault.Wrap(cause, fault.Transient, fault.Unavailable, detail)
}
