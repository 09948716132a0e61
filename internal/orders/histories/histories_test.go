package histories_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/amends/amends/internal/orders/histories"
)

// engine has one run of every order, of a status.
type engine struct {
	client.Client

	status  enumspb.WorkflowExecutionStatus
	deleted int
}

func (e *engine) WorkflowService() workflowservice.WorkflowServiceClient { return service{nil, e} }

func (e *engine) ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return &workflowservice.ListWorkflowExecutionsResponse{Executions: []*workflowpb.WorkflowExecutionInfo{
		{Execution: &commonpb.WorkflowExecution{WorkflowId: "order-a", RunId: "r"}, Status: e.status},
	}}, nil
}

type service struct {
	workflowservice.WorkflowServiceClient

	engine *engine
}

func (s service) DeleteWorkflowExecution(context.Context, *workflowservice.DeleteWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.DeleteWorkflowExecutionResponse, error) {
	s.engine.deleted++
	return &workflowservice.DeleteWorkflowExecutionResponse{}, nil
}

// erased has erased orders, by id.
type erased struct{ ids, gone []string }

func (e *erased) Histories(_ context.Context, after string, limit int) (page []string, _ error) {
	for _, id := range e.ids {
		if id > after && len(page) < limit {
			page = append(page, id)
		}
	}
	return page, nil
}

func (e *erased) HistoriesGone(_ context.Context, id string) error {
	e.gone = append(e.gone, id)
	return nil
}

// A pause is no end: the deletion would stop a saga that goes on when the pause is over.
func TestTheHistoryOfAnOpenSagaStays(t *testing.T) {
	t.Parallel()
	for status, deleted := range map[enumspb.WorkflowExecutionStatus]int{
		enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING: 0, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED: 0,
		enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED: 1, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED: 1,
	} {
		t.Run(status.String(), func(t *testing.T) {
			t.Parallel()
			e, orders := &engine{status: status}, &erased{ids: []string{"a"}}
			require.NoError(t, histories.New(e, "default", orders).Forget(t.Context()))
			require.Equal(t, deleted, e.deleted)
			require.Empty(t, orders.gone, "the engine still lists the run")
		})
	}
}

func TestOrdersThatCannotBeForgottenHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	e, orders := &engine{status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED}, &erased{}
	for n := range 250 {
		orders.ids = append(orders.ids, fmt.Sprintf("%03d", n))
	}
	f := histories.New(e, "default", orders)
	for _, deleted := range []int{100, 200, 250, 350} {
		require.NoError(t, f.Forget(t.Context()))
		require.Equal(t, deleted, e.deleted)
	}
}
