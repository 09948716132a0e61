package orders

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Cancel aborts an order unless it is decided, and returns the order as it then
// is. A repeat changes nothing. Codes: NOT_FOUND, PAST_PIVOT, [read.SagaStopped],
// UNAVAILABLE (repeat it).
func (c *Client) Cancel(ctx context.Context, id string) (read.Snapshot, error) {
	before, err := c.Find(ctx, id)
	if err != nil || before.Decided() {
		return cancelled(before, err)
	}
	if before.Style == order.Choreographed {
		return c.withdraw(ctx, id)
	}
	watched, attempts := attempt.Watch(ctx)
	err = c.requestCancel(watched, id)
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
	case errors.As(err, &application) && application.Type() == string(saga.PastPivot):
		return c.findEnded(ctx, id, call.Refuse(saga.PastPivot))
	case errors.As(err, &gone):
		return c.findEnded(ctx, id, notCancelled(attempts, err))
	case errors.As(err, &application) && application.Type() == string(saga.AlreadyDecided):
		return c.findEnded(ctx, id, notCancelled(attempts, err))
	default:
		return read.Snapshot{}, notCancelled(attempts, err)
	}

	if after, err := c.Find(ctx, id); err == nil {
		return cancelled(after, nil)
	}
	return before, nil // the cancel is recorded: a missing picture does not change that
}

// findEnded returns an order that was decided between two questions, [read.SagaStopped]
// if its saga was stopped, and otherwise if neither is known.
func (c *Client) findEnded(ctx context.Context, id string, otherwise error) (read.Snapshot, error) {
	after, err := c.Find(ctx, id)
	switch {
	case err != nil || after.Decided():
		return cancelled(after, err)
	case after.Style == order.Choreographed: // its record came first, and the workflow has ended with it
		return c.withdraw(ctx, id)
	case after.Stopped():
		return read.Snapshot{}, call.Refuse(read.SagaStopped)
	default:
		return read.Snapshot{}, otherwise
	}
}

// cancelled returns a cancel's answer for an order, which is a refusal if the
// order is decided otherwise.
func cancelled(found read.Snapshot, err error) (read.Snapshot, error) {
	if err == nil && found.Decided() && found.Status != workflows.StatusCancelled {
		return read.Snapshot{}, call.Refuse(saga.PastPivot)
	}
	return found, err
}

const repeatCancel = "It is not known whether the cancel arrived. Repeat it later: cancelling twice is one cancel."

const doubtfulCancel = "The cancel is recorded, but it is not known yet whether it came before the payment. Repeat it later: cancelling twice is one cancel."

func notCancelled(attempts *attempt.Log, err error) error {
	return call.Unanswered(attempts, repeatCancel, err)
}

// requestCancel returns nil once the cancel is in the saga's history, even if its
// effect takes longer.
func (c *Client) requestCancel(ctx context.Context, id string) error {
	ctx, stop := context.WithTimeout(ctx, c.config.CancelTimeout)
	defer stop()
	var result saga.CancelResult
	_, err := c.engine.Update(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflows.WorkflowID(id),
		UpdateID:   workflows.CancelUpdateID,
		UpdateName: saga.UpdateCancel,
		Args:       []any{saga.CancelRequest{Saga: id, Reason: fault.Code(workflows.ReasonCustomerRequest)}},
	}, &result)
	return err
}

// withdraw objects to a choreographed order, and waits until it is known whether it is
// aborted: its payment may have been taken before.
func (c *Client) withdraw(ctx context.Context, id string) (read.Snapshot, error) {
	_, err := c.records.Withdraw(ctx, id)
	switch {
	case fault.KindOf(err) == fault.Transient:
		return read.Snapshot{}, call.Harmless(err)
	case err != nil:
		return read.Snapshot{}, call.Unavailable(repeatCancel, err)
	}
	waiting, stop := context.WithTimeout(ctx, c.config.CancelTimeout)
	defer stop()
	known := func(r order.Record) bool { return r.Status != order.Pending || r.Decided != "" }
	if after, ok := c.AwaitRecord(waiting, id, known); ok {
		return cancelled(after, nil)
	}
	return read.Snapshot{}, call.Unavailable(doubtfulCancel, nil)
}
