package api

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// cancel decides an order against, unless it is decided, and returns it as it
// then is. Codes: NOT_FOUND, PAST_PIVOT, SAGA_STOPPED, UNAVAILABLE
// (repeat it).
func (o *orders) cancel(ctx context.Context, id string) (snapshot, error) {
	before, err := o.find(ctx, id)
	if err != nil || before.decided() {
		return cancelled(before, err)
	}
	err = o.requestCancel(ctx, id)
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
	case errors.As(err, &application) && application.Type() == string(saga.PastPivot):
		return snapshot{}, refuse(saga.PastPivot, "")
	case errors.As(err, &gone):
		return o.lookAgain(ctx, id, refuse(codeSagaStopped, ""))
	case errors.As(err, &application) && application.Type() == string(saga.AlreadyDecided):
		return o.lookAgain(ctx, id, notCancelled(err))
	default:
		return snapshot{}, notCancelled(err)
	}

	if after, err := o.find(ctx, id); err == nil {
		return cancelled(after, nil)
	}
	return before, nil // the cancel is recorded: a missing picture does not change that
}

// lookAgain answers for an order that was decided between two questions; if it
// was not, its answer is otherwise.
func (o *orders) lookAgain(ctx context.Context, id string, otherwise *problem) (snapshot, error) {
	after, err := o.find(ctx, id)
	if err == nil && !after.decided() {
		return snapshot{}, otherwise
	}
	return cancelled(after, err)
}

// cancelled is a cancel's answer for an order that is in a state.
func cancelled(order snapshot, err error) (snapshot, error) {
	if err == nil && order.decided() && order.Status != workflows.StatusCancelled {
		return snapshot{}, refuse(saga.PastPivot, "")
	}
	return order, err
}

func notCancelled(err error) *problem {
	return &problem{
		code: fault.Unavailable, cause: err,
		detail: "It is not known whether the cancel arrived. Repeat it after Retry-After seconds: cancelling twice is one cancel.",
	}
}

// requestCancel returns nil once the saga's history has the cancel, even if its
// effect takes longer.
func (o *orders) requestCancel(ctx context.Context, id string) error {
	ctx, stop := context.WithTimeout(ctx, o.config.CancelTimeout)
	defer stop()
	handle, err := o.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID:   workflows.WorkflowID(id),
		UpdateID:     workflows.CancelUpdateID,
		UpdateName:   saga.UpdateCancel,
		Args:         []any{saga.CancelRequest{Saga: id, Reason: fault.Code(workflows.ReasonCustomerRequest)}},
		WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		return fmt.Errorf("ask the saga to cancel: %w", err)
	}
	o.alive()
	var result saga.CancelResult
	err = handle.Get(ctx, &result)
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	if errors.As(err, &application) || errors.As(err, &gone) {
		return fmt.Errorf("the cancel's outcome: %w", err)
	}
	return nil
}
