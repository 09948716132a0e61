package api

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// fakeTemporal is a Temporal client whose answers each test sets. A question that the
// test did not expect fails it.
type fakeTemporal struct {
	client.Client
	operatorservice.OperatorServiceClient

	t        *testing.T
	health   func(context.Context) error
	place    func(context.Context, started) (workflows.PlaceResult, error)
	start    func(context.Context, started) error // of a placement that reads the record
	query    func(context.Context, string) (workflows.OrderView, error)
	describe func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	input    func(string) (workflows.Input, error)
	cancel   func(context.Context, client.UpdateWorkflowOptions) (saga.CancelResult, error)
	repair   func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error)
	judge    func(workflow string, q saga.RepairRequest) (saga.Verdict, error)
	outcome  func(context.Context) error // of a cancel or a repair that was accepted
	result   func(context.Context, string) (workflows.OrderView, error)
	list     func() (*operatorservice.ListSearchAttributesResponse, error)
	find     func(query string) error // by count
	unpolled bool                     // no worker polls the queue of orders
	earlier  string                   // the workflow of an order that version 0.1.0 placed
	lost     bool                     // the first workflow task of an order was lost
	able     error                    // of a request that cannot be executed; nil is the engine's own

	refund      func(client.StartWorkflowOptions, repay.Input) (client.WorkflowRun, error)
	refunding   func() (repay.View, error) // the answer of a refund's workflow
	acknowledge func(context.Context, client.StartWorkflowOptions, workflows.Acknowledgement) (client.WorkflowRun, error)
	looked      []ledger.Acknowledgement // that were made before

	mu      sync.Mutex
	calls   []string
	awaited []string // runs whose results were asked for; empty: the newest
}

// started is the request of a placement to the engine.
type started struct {
	options client.StartWorkflowOptions
	name    string
	input   workflows.Input
	update  client.UpdateWorkflowOptions
}

func (s started) request() workflows.PlaceRequest {
	return s.update.Args[0].(workflows.PlaceRequest) //nolint:forcetypeassert,errcheck // a test that panics fails
}

func (s started) Get(context.Context) (client.WorkflowRun, error) { return nil, nil } //nolint:nilnil // it is not called

// called notes a call and reports whether the test expects it.
func (f *fakeTemporal) called(name string, expected bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	if !expected {
		f.t.Errorf("the engine was asked to %s", name)
	}
	return expected
}

func (f *fakeTemporal) CheckHealth(ctx context.Context, _ *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	if !f.called("check health", f.health != nil) {
		return nil, context.Canceled
	}
	return &client.CheckHealthResponse{}, f.health(ctx)
}

func (f *fakeTemporal) NewWithStartWorkflowOperation(o client.StartWorkflowOptions, workflow any, args ...any) client.WithStartWorkflowOperation {
	return started{options: o, name: workflow.(string), input: args[0].(workflows.Input)} //nolint:forcetypeassert,errcheck // as above
}

func (f *fakeTemporal) UpdateWithStartWorkflow(ctx context.Context, o client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	if !f.called("place", f.place != nil) {
		return nil, context.Canceled
	}
	call := o.StartWorkflowOperation.(started) //nolint:forcetypeassert,errcheck // as above
	call.update = o.UpdateOptions
	result, err := f.place(ctx, call)
	if err != nil {
		return nil, err
	}
	return handle{get: func(context.Context) (any, error) { return result, nil }}, nil
}

func (f *fakeTemporal) QueryWorkflow(ctx context.Context, id, _, query string, args ...any) (converter.EncodedValue, error) {
	if query == saga.QueryRepair && f.called("judge", f.judge != nil) {
		v, err := f.judge(id, args[0].(saga.RepairRequest)) //nolint:forcetypeassert,errcheck // a test that panics fails
		return value{v}, err
	}
	if query == repay.Query && f.called("query refund", f.refunding != nil) {
		view, err := f.refunding()
		return value{view}, err
	}
	if !f.called("query "+query, f.query != nil && query == workflows.QueryOrder) {
		return nil, context.Canceled
	}
	view, err := f.query(ctx, id)
	return value{view}, err
}

func (f *fakeTemporal) DescribeWorkflowExecution(ctx context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if id != "order-"+accountsOrder && !identity.OfGuest(strings.TrimPrefix(id, "order-")) { // a placement by an earlier version?
		if id == f.earlier {
			return &workflowservice.DescribeWorkflowExecutionResponse{}, nil
		}
		return nil, serviceerror.NewNotFound("no such order")
	}
	if !f.called("describe", f.describe != nil) {
		return nil, context.Canceled
	}
	return f.describe(ctx, id)
}

func (f *fakeTemporal) UpdateWorkflow(ctx context.Context, o client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	update := func() (any, error) { return f.cancel(ctx, o) }
	expected := f.cancel != nil
	if o.UpdateName == saga.UpdateRepair {
		update, expected = func() (any, error) { return f.repair(ctx, o) }, f.repair != nil
	}
	if !f.called("update "+o.UpdateName, expected) {
		return nil, context.Canceled
	}
	result, err := update()
	if err != nil {
		return nil, err
	}
	return handle{get: func(ctx context.Context) (any, error) {
		if f.outcome != nil {
			return nil, f.outcome(ctx)
		}
		return result, nil
	}}, nil
}

func (f *fakeTemporal) ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	if workflow == workflows.PlaceOrder {
		if !f.called("start", f.start != nil) {
			return nil, context.Canceled
		}
		return run{id: firstRun}, f.start(ctx, started{options: o, name: workflows.PlaceOrder, input: args[0].(workflows.Input)}) //nolint:forcetypeassert,errcheck // as above
	}
	if workflow == repay.RefundOrder {
		if !f.called("refund", f.refund != nil) {
			return nil, context.Canceled
		}
		return f.refund(o, args[0].(repay.Input)) //nolint:forcetypeassert,errcheck // as above
	}
	if !f.called("acknowledge", f.acknowledge != nil && workflow == workflows.AcknowledgeOrder) {
		return nil, context.Canceled
	}
	return f.acknowledge(ctx, o, args[0].(workflows.Acknowledgement)) //nolint:forcetypeassert,errcheck // as above
}

// firstRun is the run of every workflow that is started.
const firstRun = "the first"

func (f *fakeTemporal) GetWorkflow(_ context.Context, id, of string) client.WorkflowRun {
	if strings.HasPrefix(id, workflows.AcknowledgementID("")) {
		return run{get: func(context.Context) (any, error) {
			if f.looked == nil {
				return nil, serviceerror.NewNotFound("nobody has looked")
			}
			return workflows.OrderView{Acknowledgements: f.looked}, nil
		}}
	}
	if !f.called("wait for the result", f.result != nil) {
		return run{get: func(context.Context) (any, error) { return nil, context.Canceled }}
	}
	f.mu.Lock()
	f.awaited = append(f.awaited, of)
	f.mu.Unlock()
	return run{get: func(ctx context.Context) (any, error) { return f.result(ctx, id) }}
}

func (f *fakeTemporal) GetWorkflowHistory(_ context.Context, id, _ string, _ bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	if !f.called("read the history", f.input != nil) {
		return &history{err: context.Canceled}
	}
	input, err := f.input(id)
	payloads, encodeErr := converter.GetDefaultDataConverter().ToPayloads(input)
	if encodeErr != nil {
		f.t.Error(encodeErr)
	}
	h := &history{err: err, events: []*historypb.HistoryEvent{{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: payloads},
		},
	}}}
	if f.lost {
		h.events = append(h.events, &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED})
	}
	return h
}

func (f *fakeTemporal) OperatorService() operatorservice.OperatorServiceClient { return f }

func (f *fakeTemporal) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error) {
	if !f.called("list search attributes", f.list != nil) {
		return nil, context.Canceled
	}
	return f.list()
}

// WorkflowService answers the question whether the engine takes placements.
func (f *fakeTemporal) WorkflowService() workflowservice.WorkflowServiceClient {
	return multiOperations{f: f}
}

type multiOperations struct {
	workflowservice.WorkflowServiceClient

	f *fakeTemporal
}

func (m multiOperations) ExecuteMultiOperation(context.Context, *workflowservice.ExecuteMultiOperationRequest, ...grpc.CallOption) (*workflowservice.ExecuteMultiOperationResponse, error) {
	if m.f.able != nil {
		return nil, m.f.able
	}
	return nil, serviceerror.NewMultiOperationExecution("not executed", []error{
		serviceerror.NewInvalidArgument("WorkflowId is not set"), serviceerror.NewMultiOperationAborted("aborted"),
	})
}

func (f *fakeTemporal) CountWorkflow(_ context.Context, r *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	if !f.called("count workflows", f.find != nil) {
		return nil, context.Canceled
	}
	return &workflowservice.CountWorkflowExecutionsResponse{}, f.find(r.GetQuery())
}

func (f *fakeTemporal) DescribeTaskQueue(context.Context, string, enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	answer := &workflowservice.DescribeTaskQueueResponse{}
	if !f.unpolled {
		answer.Pollers = []*taskqueuepb.PollerInfo{{LastAccessTime: timestamppb.Now()}}
	}
	return answer, nil
}

// count returns how often a call was made.
func (f *fakeTemporal) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, call := range f.calls {
		if call == name {
			n++
		}
	}
	return n
}

// value is an answer that goes through JSON, as over the wire.
type value struct{ v any }

func (v value) HasValue() bool { return true }

func (v value) Get(target any) error {
	data, err := json.Marshal(v.v)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, target)
}

type handle struct {
	client.WorkflowUpdateHandle

	get func(context.Context) (any, error)
}

func (h handle) Get(ctx context.Context, target any) error { return get(ctx, h.get, target) }

type run struct {
	client.WorkflowRun

	id  string
	get func(context.Context) (any, error)
}

func (run) GetID() string { return "" }

func (r run) GetRunID() string { return r.id }

func (r run) Get(ctx context.Context, target any) error { return get(ctx, r.get, target) }

func get(ctx context.Context, from func(context.Context) (any, error), target any) error {
	v, err := from(ctx)
	if err != nil {
		return err
	}
	return value{v}.Get(target)
}

type history struct {
	events []*historypb.HistoryEvent
	err    error // of every event
	read   int
}

func (h *history) HasNext() bool { return h.read == 0 || h.read < len(h.events) }

func (h *history) Next() (*historypb.HistoryEvent, error) {
	h.read++
	if h.err != nil {
		return nil, h.err
	}
	return h.events[h.read-1], nil
}
