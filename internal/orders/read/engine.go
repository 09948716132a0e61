package read

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// describe returns the engine's own knowledge of an order, without any worker: of a
// decided order the workflow's result, of another one the description of its
// workflow, and the placement from its input, if that can be read in time.
func (r *Reader) describe(ctx context.Context, id string) (Snapshot, error) {
	d, err := r.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return Snapshot{}, fmt.Errorf("describe the order's workflow: %w", err)
	}
	r.engine.Answered()
	info := d.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		if decided, ok := r.result(ctx, id, info.GetExecution().GetRunId()); ok {
			decided.Source = FromEngine
			if decided.NeedsAttention {
				r.addAcknowledged(ctx, &decided.OrderView)
			}
			return decided, nil
		}
	}
	found := Snapshot{OrderView: describedView(id, info), Source: FromEngine, pseudonym: attribute.Of[string](info, workflows.AttributeCustomer)}
	if input, err := r.Input(ctx, id); err == nil {
		found.CustomerID, found.Currency = input.Placement.CustomerID, input.Placement.Currency
		for _, l := range input.Placement.Lines {
			found.Lines = append(found.Lines, workflows.LineView{SKU: l.SKU, Quantity: l.Quantity})
		}
	}
	return found, nil
}

// ErrNotPlaced is the error of [Reader.Input] for a workflow that was not started by a
// placement, but for example by hand.
var ErrNotPlaced = errors.New("the order's workflow has no placement as its input")

// Input returns the input of the order's workflow, from the first event of its
// history, or [ErrNotPlaced].
func (r *Reader) Input(ctx context.Context, id string) (workflows.Input, error) {
	var input workflows.Input
	history := r.engine.GetWorkflowHistory(ctx, workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return input, errors.New("the order's workflow has no history")
	}
	first, err := history.Next()
	if err != nil {
		return input, fmt.Errorf("read the order's history: %w", err)
	}
	r.engine.Answered()
	payloads := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := r.converter.FromPayloads(payloads, &input); err != nil {
		return input, fmt.Errorf("%w: %w", ErrNotPlaced, err)
	}
	if input.Placement.Fingerprint == "" {
		return input, fmt.Errorf("%w: it has no fingerprint", ErrNotPlaced)
	}
	return input, nil
}

// observe completes a workflow's own answer by the engine's description. Without one
// it adds nothing.
func (r *Reader) observe(ctx context.Context, view *workflows.OrderView) {
	d, err := r.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(view.ID), "")
	if err == nil {
		completeView(view, d)
	}
}

// Await returns the order that a caller has seen as soon as it is decided, and false if ctx
// ends before. Its record may have another style than the one that was seen.
func (r *Reader) Await(ctx context.Context, seen Snapshot) (Snapshot, bool) {
	if seen.Style != order.Choreographed {
		found, ok := r.result(ctx, seen.ID, seen.Run)
		if !ok || found.Style != order.Choreographed {
			return found, ok
		}
	}
	return r.AwaitRecord(ctx, seen.ID, func(rec order.Record) bool { return rec.Status != order.Pending })
}

// result waits for the result of a run of an order's workflow, which adds no events to its
// history. Without a run it is the newest one, and the client asks the engine which that is.
func (r *Reader) result(ctx context.Context, id, run string) (Snapshot, bool) {
	for {
		var view workflows.OrderView
		err := r.engine.GetWorkflow(ctx, workflows.WorkflowID(id), run).Get(ctx, &view)
		if err == nil {
			return Snapshot{OrderView: view, Source: FromWorkflow}, true
		}
		// A reset terminates the run that was awaited, and starts another.
		var terminated *temporal.TerminatedError
		if !errors.As(err, &terminated) || !r.continues(ctx, id) {
			return Snapshot{}, false
		}
		run = ""
	}
}

// continues reports whether the order's newest run is running or has decided.
func (r *Reader) continues(ctx context.Context, id string) bool {
	d, err := r.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return false
	}
	switch d.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return true
	default:
		return false
	}
}
