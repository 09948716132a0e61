package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
)

// flickering is an engine that is there when it is asked whether it is, and for a
// while gone when a worker starts.
type flickering struct {
	workflowservicepb.UnimplementedWorkflowServiceServer

	gone    atomic.Int32 // so many times
	started atomic.Pointer[workflowservicepb.StartWorkflowExecutionRequest]
}

func (f *flickering) DescribeNamespace(context.Context, *workflowservicepb.DescribeNamespaceRequest) (*workflowservicepb.DescribeNamespaceResponse, error) {
	return &workflowservicepb.DescribeNamespaceResponse{}, nil
}

func (f *flickering) GetSystemInfo(context.Context, *workflowservicepb.GetSystemInfoRequest) (*workflowservicepb.GetSystemInfoResponse, error) {
	if f.gone.Add(-1) >= 0 {
		return nil, serviceerror.ToStatus(serviceerror.NewUnavailable("connection reset by peer")).Err()
	}
	return &workflowservicepb.GetSystemInfoResponse{}, nil
}

func (f *flickering) DescribeWorkflowExecution(context.Context, *workflowservicepb.DescribeWorkflowExecutionRequest) (*workflowservicepb.DescribeWorkflowExecutionResponse, error) {
	if started := f.started.Load(); started != nil {
		return &workflowservicepb.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
			Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, Memo: started.GetMemo(),
		}}, nil
	}
	return nil, serviceerror.ToStatus(serviceerror.NewNotFound("no such workflow")).Err()
}

func (f *flickering) StartWorkflowExecution(_ context.Context, r *workflowservicepb.StartWorkflowExecutionRequest) (*workflowservicepb.StartWorkflowExecutionResponse, error) {
	f.started.Store(r)
	return &workflowservicepb.StartWorkflowExecutionResponse{}, nil
}

func (f *flickering) PollActivityTaskQueue(ctx context.Context, _ *workflowservicepb.PollActivityTaskQueueRequest) (*workflowservicepb.PollActivityTaskQueueResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// An engine that goes away between the last question and the start of a worker is
// waited for: a worker that ends instead is down until somebody starts it.
func TestRunWaitsForAnEngineThatFlickers(t *testing.T) {
	t.Parallel()
	flickers := &flickering{}
	flickers.gone.Store(3)
	client := connect(t, flickers)

	o := options(t, "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	g, err := New(o)
	require.NoError(t, err)
	stop := start(t, g, client)
	require.Negative(t, flickers.gone.Load(), "it was asked again")
	stop()
}

// start runs a group, and returns when it is ready. stop ends it and waits for its end,
// which is no failure.
func start(t *testing.T, g *Group, c *engine.Client) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx, c) }()
	require.Eventually(t, func() bool { return g.Ready(t.Context()) == nil }, patience, 10*time.Millisecond)
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}

// connect serves the engine and returns a client of it.
func connect(t *testing.T, e workflowservicepb.WorkflowServiceServer) *engine.Client {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	workflowservicepb.RegisterWorkflowServiceServer(server, e)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-served)
	})
	client, err := engine.Dial(engine.Options{Address: l.Addr().String(), Isolated: true})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func TestOnlyWhatPassesIsWaitedFor(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]fault.Kind{
		serviceerror.NewUnavailable("connection refused"):            fault.Transient,
		serviceerror.NewDeadlineExceeded("too late"):                 fault.Transient,
		fmt.Errorf("reach the server: %w", context.DeadlineExceeded): fault.Transient,
		serviceerror.NewNamespaceNotFound("shop"):                    fault.Bug,
		errors.New("a worker cannot start without a step"):           fault.Bug,
	} {
		require.Equal(t, want, fault.KindOf(engine.NotStarted("inventory", err)), "%v", err)
	}
}
