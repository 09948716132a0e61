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
	// Histories returns at most limit of them behind after, by id.
	Histories(ctx context.Context, after string, limit int) ([]string, error)
	// HistoriesGone records that the engine has none of an order any more.
	HistoriesGone(ctx context.Context, id string) error
}

// Forgetter has the engine forget. It is for one goroutine.
type Forgetter struct {
	engine    client.Client
	namespace string
	erased    Erasures
	after     string // the last order of the page before
}

// New returns a forgetter of the histories that a namespace of an engine has of erased orders.
func New(c client.Client, namespace string, e Erasures) *Forgetter {
	return &Forgetter{engine: c, namespace: namespace, erased: e}
}

// Forget has the engine delete the histories of one page of erased orders. The engine deletes after its
// answer, so an order counts as done when the engine has not listed a run of it. A run that is
// still open is left to a later call. Each call takes the next page, and behind the last the
// first again, so that orders which cannot be forgotten hold up no others.
func (f *Forgetter) Forget(ctx context.Context) error {
	ids, err := f.erased.Histories(ctx, f.after, page)
	if err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	f.after = ""
	if len(ids) == page {
		f.after = ids[page-1]
	}
	var failed error
	for _, id := range ids {
		gone, err := forget(ctx, f.engine, f.namespace, id)
		if err == nil && gone {
			err = f.erased.HistoriesGone(ctx, id)
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
