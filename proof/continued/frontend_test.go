package continued_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/workflows"
)

// frontend is the part of a Temporal server that a worker sees: it gives one
// workflow task at a time, and takes the answer.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer

	tasks   chan *workflowservice.PollWorkflowTaskQueueResponse
	answers chan answer
	given   int // how many tasks
}

// answer is one of the two fields.
type answer struct {
	token     []byte
	completed *workflowservice.RespondWorkflowTaskCompletedRequest
	failed    *workflowservice.RespondWorkflowTaskFailedRequest
}

// quiet keeps the SDK's complaints out of the output: the errors have the relevant
// ones.
var quiet = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))

// The worker's histories are whole: nothing is cached between two tasks, so each
// task runs the workflow from its beginning.
var noCache = sync.OnceFunc(func() { worker.SetStickyWorkflowCacheSize(0) })

// newFrontend starts a worker that runs the order workflow, and the order
// service's local steps on the shop, and returns its server.
func newFrontend(t *testing.T, shop *shoptest.Shop) *frontend {
	t.Helper()
	noCache()
	f := &frontend{
		tasks: make(chan *workflowservice.PollWorkflowTaskQueueResponse), answers: make(chan answer, 1),
	}
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, f)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: "passthrough:///memory", Logger: quiet,
		ConnectionOptions: client.ConnectionOptions{
			GrpcCompression: &client.GrpcCompressionNone{},
			DialOptions: []grpc.DialOption{
				grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
			},
		},
	})
	require.NoError(t, err)
	w := worker.New(c, "order", worker.Options{
		DisableRegistrationAliasing: true, LocalActivityWorkerOnly: true, DeadlockDetectionTimeout: patience,
		MaxConcurrentLocalActivityExecutionSize: 1, // see [shoptest.NewForOne]
	})
	workflows.Register(w, workflows.Options{})
	shop.Bind(w)
	require.NoError(t, w.Start())
	t.Cleanup(func() {
		w.Stop()
		c.Close()
		server.Stop()
		require.NoError(t, <-served)
	})
	return f
}

// patience bounds a workflow task, on a machine under load.
const patience = time.Minute

// run gives the worker a task and returns its answer.
func (f *frontend) run(ctx context.Context, task *workflowservice.PollWorkflowTaskQueueResponse) (*workflowservice.RespondWorkflowTaskCompletedRequest, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f.given++
	task.TaskToken = strconv.AppendInt(nil, int64(f.given), 10)
	select {
	case f.tasks <- task:
	case <-ctx.Done():
		return nil, fmt.Errorf("no worker polls: %w", ctx.Err())
	}
	for {
		select {
		case a := <-f.answers:
			if bytes.Equal(a.token, task.TaskToken) { // else it is repeated, from an earlier task
				return a.commands()
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("the workflow task has no end: %w", ctx.Err())
		}
	}
}

func (a answer) commands() (*workflowservice.RespondWorkflowTaskCompletedRequest, error) {
	if a.failed != nil {
		return nil, fmt.Errorf("the workflow task failed, which blocks the order: %s: %s", a.failed.GetCause(), a.failed.GetFailure().GetMessage())
	}
	if a.completed.GetForceCreateNewWorkflowTask() {
		return nil, errors.New("a local step takes longer than its workflow task")
	}
	return a.completed, nil
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{Capabilities: &workflowservice.GetSystemInfoResponse_Capabilities{SdkMetadata: true}}, nil
}

func (f *frontend) DescribeNamespace(_ context.Context, r *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{NamespaceInfo: &namespacepb.NamespaceInfo{Name: r.GetNamespace()}}, nil
}

func (f *frontend) PollWorkflowTaskQueue(ctx context.Context, _ *workflowservice.PollWorkflowTaskQueueRequest) (*workflowservice.PollWorkflowTaskQueueResponse, error) {
	select {
	case task := <-f.tasks:
		return task, nil
	case <-ctx.Done():
		return &workflowservice.PollWorkflowTaskQueueResponse{}, nil
	}
}

func (f *frontend) RespondWorkflowTaskCompleted(_ context.Context, r *workflowservice.RespondWorkflowTaskCompletedRequest) (*workflowservice.RespondWorkflowTaskCompletedResponse, error) {
	f.answers <- answer{token: r.GetTaskToken(), completed: r}
	return &workflowservice.RespondWorkflowTaskCompletedResponse{}, nil
}

func (f *frontend) RespondWorkflowTaskFailed(_ context.Context, r *workflowservice.RespondWorkflowTaskFailedRequest) (*workflowservice.RespondWorkflowTaskFailedResponse, error) {
	f.answers <- answer{token: r.GetTaskToken(), failed: r}
	return &workflowservice.RespondWorkflowTaskFailedResponse{}, nil
}
