package measure

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// Shape is the length of a workflow's history.
type Shape struct {
	Events        int
	WorkflowTasks int // attempts that failed or timed out included
}

// ReadShape reads the history of a workflow's newest run.
func ReadShape(ctx context.Context, c client.Client, workflowID string) (Shape, error) {
	var s Shape
	events := c.GetWorkflowHistory(ctx, workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return Shape{}, fmt.Errorf("history of %s: %w", workflowID, err)
		}
		s.Events++
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			s.WorkflowTasks++
		default:
		}
	}
	return s, nil
}

// Newest returns the ids of the workflows of a type that completed last.
func Newest(ctx context.Context, c client.Client, workflowType string, n int32) ([]string, error) {
	answer, err := c.ListWorkflow(ctx, &workflowservicepb.ListWorkflowExecutionsRequest{
		PageSize: n, Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Completed'", workflowType),
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", workflowType, err)
	}
	var ids []string
	for _, w := range answer.GetExecutions() {
		ids = append(ids, w.GetExecution().GetWorkflowId())
	}
	return ids, nil
}
