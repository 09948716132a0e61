package saga

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
)

// Engine is the part of Temporal's client that the functions of a saga's caller need.
// [client.Client] implements it.
type Engine interface {
	GetWorkflow(ctx context.Context, workflowID, runID string) client.WorkflowRun
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
	UpdateWorkflow(ctx context.Context, options client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error)
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
}

// Show returns the progress of the only saga of a workflow, also after its end. It needs a
// worker that runs the workflow and waits for one until ctx ends. NOT_FOUND (business):
// there is no such workflow. UNKNOWN_SAGA (business): it has no saga, several, or one that
// has not begun.
func Show(ctx context.Context, e Engine, workflowID string) (v View, err error) {
	value, err := e.QueryWorkflow(ctx, workflowID, "", QuerySaga, "")
	if err == nil {
		err = value.Get(&v)
	}
	if failed, ok := errors.AsType[*serviceerror.QueryFailed](err); ok {
		return View{}, fault.Wrap(err, fault.Business, UnknownSaga, failed.Message)
	}
	return v, answered(ctx, e, workflowID, err)
}

// Wait waits until the workflow has ended and returns its result, which must be the
// [View] of its saga. A workflow that was terminated has none.
func Wait(ctx context.Context, e Engine, workflowID string) (v View, err error) {
	err = e.GetWorkflow(ctx, workflowID, "").Get(ctx, &v)
	return v, answered(ctx, e, workflowID, err)
}

// Cancel asks the only saga of a workflow to abort, for the reason, and waits until it is
// clear whether it does. An empty reason is CUSTOMER_REQUEST. A repeat is the same cancel.
// It is refused with PAST_PIVOT if the saga can only go forward, with ALREADY_DECIDED if it
// has ended, with SAGA_STOPPED if its workflow was closed before that, and with NOT_FOUND if
// there is no such workflow, all of kind business. A failure of the workflow's own code is a bug.
// If ctx ends first it is not known whether the cancel arrived: repeat it.
func Cancel(ctx context.Context, e Engine, workflowID string, reason fault.Code) (CancelResult, error) {
	var result CancelResult
	err := update(ctx, e, workflowID, UpdateCancel, CancelRequest{Reason: reason}, &result)
	return result, err
}

// RepairStep repairs a flagged step of the only saga of a workflow: see [UpdateRepair]. It
// is refused with the codes of a refused repair and those of [Cancel].
func RepairStep(ctx context.Context, e Engine, workflowID string, q RepairRequest) (RepairResult, error) {
	var result RepairResult
	err := update(ctx, e, workflowID, UpdateRepair, q, &result)
	return result, err
}

// update sends an update and waits for its result.
func update(ctx context.Context, e Engine, workflowID, name string, arg, result any) error {
	h, err := e.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: name, Args: []any{arg}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = h.Get(ctx, result)
	}
	if app, failed := errors.AsType[*temporal.ApplicationError](err); failed {
		return refused(err, app)
	}
	return answered(ctx, e, workflowID, err)
}

// refused translates the answer of a handler: a refusal, the failure of a step with its kind, or
// an error that its workflow's code did not foresee.
func refused(err error, app *temporal.ApplicationError) error {
	var d details
	switch {
	case app.HasDetails() && app.Details(&d) == nil && d.Kind != "":
		return fault.Wrap(err, d.Kind, fault.Code(app.Type()), app.Message())
	case app.NonRetryable():
		return fault.Wrap(err, fault.Business, fault.Code(app.Type()), app.Message())
	default:
		return fault.Wrap(err, fault.Bug, fault.Internal, app.Message())
	}
}

// answered translates the failure of a call about a workflow.
func answered(ctx context.Context, e Engine, workflowID string, err error) error {
	if err == nil {
		return nil
	}
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return missing(ctx, e, workflowID, err)
	}
	return fmt.Errorf("ask workflow %s: %w", workflowID, err)
}

// Open reports whether a workflow of a status is not closed: it runs, or an operator has paused
// it and it runs on afterwards.
func Open(s enums.WorkflowExecutionStatus) bool {
	return s == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || s == enums.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// missing tells a workflow that has ended from one that was stopped, and from one that never was.
func missing(ctx context.Context, e Engine, workflowID string, err error) error {
	d, e2 := e.DescribeWorkflowExecution(ctx, workflowID, "")
	switch status := d.GetWorkflowExecutionInfo().GetStatus(); {
	case e2 != nil || Open(status):
	case status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return fault.Wrap(err, fault.Business, AlreadyDecided, "the workflow has ended")
	default:
		return fault.Wrap(err, fault.Business, Stopped, "the workflow was closed before its saga ended")
	}
	if _, gone := errors.AsType[*serviceerror.NotFound](e2); gone {
		return fault.Wrap(err, fault.Business, fault.NotFound, "there is no such workflow")
	}
	return fmt.Errorf("ask workflow %s: %w", workflowID, err)
}
