package repair

import (
	"context"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// rerun returns how the workflow of an order is reset to its beginning.
func (r *Repairs) rerun(ctx context.Context, before read.Snapshot, _ ledger.Repair) (restart, error) {
	invalid := func(why string) (restart, error) {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "%s", why)
	}
	if before.Style == order.Choreographed {
		return invalid("The order has no workflow that could be rerun: nudge its services, or resume it.")
	}
	at, err := r.beginning(ctx, before.ID)
	switch {
	case call.IsUnknownWorkflow(err):
		return invalid("The engine has no history of the order any more, so nothing can be rerun: resume it, if it is undecided.")
	case err != nil:
		return nil, call.Unavailable("Nothing was reset: the history of the order cannot be read.", err)
	case at == 0:
		return invalid("The order's workflow has not begun, so there is nothing to rerun: start a worker of the order service.")
	}
	return func(ctx context.Context, q ledger.Repair) error {
		watched, attempts := attempt.Watch(ctx)
		_, err := r.engine.ResetWorkflowExecution(watched, &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: r.config.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(before.ID)},
			WorkflowTaskFinishEventId: at, RequestId: q.Request, Reason: read.Words(q), Identity: q.Operator,
		})
		if err != nil {
			return call.Unanswered(attempts, "It is not known whether the saga was reset. Repeat it later; with the same key it is one reset.", err)
		}
		r.engine.Answered()
		return nil
	}, nil
}

// beginning returns the event of an order's newest run to which a reset begins it anew: the
// end of its first workflow task. Without one it is 0.
func (r *Repairs) beginning(ctx context.Context, id string) (int64, error) {
	history := r.engine.GetWorkflowHistory(ctx, workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		e, err := history.Next()
		if err != nil {
			return 0, fmt.Errorf("read the order's history: %w", err)
		}
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
			return e.GetEventId(), nil
		default:
		}
	}
	return 0, nil
}
