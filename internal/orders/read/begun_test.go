package read

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/workflows"
)

// stoppedRun is an engine with one run of an order's workflow.
type stoppedRun struct {
	client.Client

	status enumspb.WorkflowExecutionStatus
	events []*historypb.HistoryEvent
}

func (s *stoppedRun) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{RunId: "run"}, Status: s.status,
	}}, nil
}

func (s *stoppedRun) GetWorkflowHistory(context.Context, string, string, bool, enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	return s
}

func (s *stoppedRun) HasNext() bool { return len(s.events) > 0 }

func (s *stoppedRun) Next() (*historypb.HistoryEvent, error) {
	next := s.events[0]
	s.events = s.events[1:]
	return next, nil
}

func started(t *testing.T, in workflows.Input) *historypb.HistoryEvent {
	t.Helper()
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(in)
	require.NoError(t, err)
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: payloads},
	}}
}

func scheduled(activity string) *historypb.HistoryEvent {
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, Attributes: &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
		ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{ActivityType: &commonpb.ActivityType{Name: activity}},
	}}
}

func failedTask(cause enumspb.WorkflowTaskFailedCause) *historypb.HistoryEvent {
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, Attributes: &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{
		WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{Cause: cause},
	}}
}

func TestExtent(t *testing.T) {
	t.Parallel()
	terminated := enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED
	first, resumed := started(t, workflows.Input{OrderID: "a"}), started(t, workflows.Input{OrderID: "a", Undo: true})
	marker := &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_MARKER_RECORDED} // of a local attempt
	failed := &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_MARKER_RECORDED, Attributes: &historypb.HistoryEvent_MarkerRecordedEventAttributes{
		MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{Failure: &failurepb.Failure{}},
	}}
	express := started(t, workflows.Input{OrderID: "a", Express: workflows.ExpressSteps()})
	task := func(kind enumspb.EventType) *historypb.HistoryEvent { return &historypb.HistoryEvent{EventType: kind} }
	taken, completed := task(enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED), task(enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
	for name, tc := range map[string]struct {
		status enumspb.WorkflowExecutionStatus
		events []*historypb.HistoryEvent
		want   Extent
	}{
		"NoTaskRan":                {terminated, []*historypb.HistoryEvent{first}, NeverBegan},
		"ItsFirstTaskFailed":       {terminated, []*historypb.HistoryEvent{first, failedTask(enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)}, NeverBegan},
		"ItCouldNotBeRecorded":     {terminated, []*historypb.HistoryEvent{first, marker, scheduled("order.create")}, NeverBegan},
		"ItsInputWasWrong":         {enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, []*historypb.HistoryEvent{first}, NeverBegan},
		"ItRuns":                   {enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, []*historypb.HistoryEvent{first}, Begun},
		"ItIsPaused":               {enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED, []*historypb.HistoryEvent{first}, Begun},
		"ItHasDecided":             {enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, []*historypb.HistoryEvent{first}, Begun},
		"ItWasQuoted":              {terminated, []*historypb.HistoryEvent{first, marker, scheduled("catalog.quote")}, Begun},
		"ItWasCancelledUnrecorded": {terminated, []*historypb.HistoryEvent{first, marker, scheduled("payment.capture.settle")}, Begun},
		"ItWasReset":               {terminated, []*historypb.HistoryEvent{first, failedTask(enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW)}, Begun},
		"ItWasResumed":             {terminated, []*historypb.HistoryEvent{resumed}, Begun},
		"ExpressNoTaskRan":         {terminated, []*historypb.HistoryEvent{express}, NeverBegan},
		"ExpressNoTaskWasTaken":    {terminated, []*historypb.HistoryEvent{express, task(enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED), task(enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)}, NeverBegan},
		"ExpressNotRecorded":       {terminated, []*historypb.HistoryEvent{express, taken, completed, failed, scheduled("order.create")}, NeverBegan},
		"ExpressTried":             {terminated, []*historypb.HistoryEvent{express, taken, completed, marker, failed}, Begun},
		"ExpressInTask":            {terminated, []*historypb.HistoryEvent{express, taken}, Lost},
		"ExpressInTaskAgain":       {terminated, []*historypb.HistoryEvent{express, taken, completed, failed, scheduled("order.create"), taken}, Lost},
		"ExpressTaskTimedOut":      {terminated, []*historypb.HistoryEvent{express, taken, task(enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)}, Lost},
		"ExpressTaskFailed":        {terminated, []*historypb.HistoryEvent{express, taken, failedTask(enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)}, Lost},
		"ExpressTaskLost":          {terminated, []*historypb.HistoryEvent{express, taken, taken, completed}, Lost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := New(call.New(&stoppedRun{status: tc.status, events: tc.events}, time.Now), nil, time.Second, converter.GetDefaultDataConverter())
			extent, err := r.Extent(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, tc.want, extent)
		})
	}
}
