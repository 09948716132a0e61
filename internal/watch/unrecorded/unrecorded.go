// Package unrecorded finds the orders that only the engine knows: their workflow runs,
// and the order service's database has no record of them. Their first step never ran,
// because the workflow waits on a wrong queue, its first task fails, or that database
// is full or another one. A list that starts from the records cannot have them.
package unrecorded

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/workflows"
)

// Orders is the part of the order service's store that tells which orders it has.
type Orders interface {
	// Missing returns those of at most 1,000 ids that no order has.
	Missing(ctx context.Context, ids []string) ([]string, error)
}

// Run is an order workflow that runs without a record.
type Run struct {
	// Workflow is the workflow's id, and Order its order's: the same, if the former is
	// not an order's id. A workflow that an operator started by hand may have any.
	Workflow, Order string
	// Started is when the engine started it, by the engine's clock.
	Started time.Time
}

// One search reads at most maxPages pages of running workflows, and one page per pace:
// an engine answers some ten lists per second, for all its callers.
const (
	pageSize = 1000
	maxPages = 20
	pace     = 200 * time.Millisecond
)

// pageTimeout bounds the request for one page.
const pageTimeout = 10 * time.Second

// Find returns the order workflows that have been running without a record since
// before a time of the engine's clock, the oldest first, and whether there may be more.
// The engine's list is a moment old, so one of them may have ended or be recorded by
// now. Nearly all long-running orders have a record: a page costs one request to the
// engine and one statement.
func Find(ctx context.Context, c client.Client, orders Orders, before time.Time) (found []Run, more bool, err error) {
	var next []byte
	for range maxPages {
		page, err := list(ctx, c, before, next)
		if err != nil {
			return nil, false, err
		}
		without, err := withoutRecord(ctx, orders, page.GetExecutions())
		if err != nil {
			return nil, false, err
		}
		found = append(found, without...)
		if next = page.GetNextPageToken(); len(next) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		case <-time.After(pace):
		}
	}
	slices.SortStableFunc(found, func(a, b Run) int { return a.Started.Compare(b.Started) })
	return found, len(next) > 0, nil
}

// list returns a page of the order workflows that are not closed: they run, or are
// paused, a status that not every engine knows.
func list(ctx context.Context, c client.Client, before time.Time, next []byte) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: pageSize, NextPageToken: next,
		Query: fmt.Sprintf("WorkflowType = '%s' AND CloseTime IS NULL AND StartTime < '%s'",
			workflows.PlaceOrder, before.UTC().Format(time.RFC3339Nano)),
	})
	if err != nil {
		return nil, fmt.Errorf("list the running order workflows: %w", err)
	}
	return page, nil
}

func withoutRecord(ctx context.Context, orders Orders, running []*workflowpb.WorkflowExecutionInfo) (found []Run, err error) {
	if len(running) == 0 {
		return nil, nil
	}
	ids := make([]string, len(running))
	for i, w := range running {
		ids[i] = strings.TrimPrefix(w.GetExecution().GetWorkflowId(), workflows.WorkflowID(""))
	}
	missing, err := orders.Missing(ctx, ids)
	if err != nil {
		return nil, err //nolint:wrapcheck // the store's fault says enough
	}
	for i, w := range running {
		if slices.Contains(missing, ids[i]) {
			found = append(found, Run{w.GetExecution().GetWorkflowId(), ids[i], w.GetStartTime().AsTime()})
		}
	}
	return found, nil
}
