// Package histories has the engine forget what it keeps of erased orders: the histories of
// their sagas, which have addresses in their inputs. Those of refunds and acknowledgements
// have ids and amounts only, and stay.
package histories

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// page is how many orders, and runs of one, are looked at together.
const page = 100

// Erasures lists the erased orders of which the engine may have histories.
type Erasures interface {
	// Histories returns at most limit of them.
	Histories(ctx context.Context, limit int) ([]string, error)
	// HistoriesGone records that the engine has none of an order any more.
	HistoriesGone(ctx context.Context, id string) error
}

// Forget has the engine delete the histories of erased orders. The engine deletes after its
// answer, so an order counts as done when the engine has not listed a run of it. A run that is
// still open is left to a later call. It may be repeated at any time.
func Forget(ctx context.Context, c client.Client, namespace string, e Erasures) error {
	ids, err := e.Histories(ctx, page)
	if err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	var failed error
	for _, id := range ids {
		gone, err := forget(ctx, c, namespace, id)
		if err == nil && gone {
			err = e.HistoriesGone(ctx, id)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// forget asks for the deletion of the runs of an order, and reports whether there were none.
func forget(ctx context.Context, c client.Client, namespace, id string) (gone bool, err error) {
	runs, err := runsOf(ctx, c, id)
	if err != nil {
		return false, err
	}
	for _, r := range runs {
		if saga.Open(r.GetStatus()) {
			continue // to delete it would stop it
		}
		_, err := c.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{
			Namespace: namespace, WorkflowExecution: r.GetExecution(),
		})
		if _, missing := errors.AsType[*serviceerror.NotFound](err); err != nil && !missing {
			return false, fmt.Errorf("delete the histories of order %s: %w", id, err)
		}
	}
	return len(runs) == 0, nil
}

// runsOf returns the runs of an order's saga: those that the index lists, and the newest
// one, which it may not list yet.
func runsOf(ctx context.Context, c client.Client, id string) ([]*workflowpb.WorkflowExecutionInfo, error) {
	list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: page, Query: fmt.Sprintf("WorkflowId = '%s'", workflows.WorkflowID(id)),
	})
	if err != nil {
		return nil, fmt.Errorf("list the histories of order %s: %w", id, err)
	}
	if len(list.GetExecutions()) > 0 {
		return list.GetExecutions(), nil
	}
	newest, err := c.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the history of order %s: %w", id, err)
	}
	return []*workflowpb.WorkflowExecutionInfo{newest.GetWorkflowExecutionInfo()}, nil
}
