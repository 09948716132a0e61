package attempt_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/engine/attempt"
)

// frontend answers placements with the next of its answers.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer

	answers chan error
}

func (f *frontend) ExecuteMultiOperation(context.Context, *workflowservice.ExecuteMultiOperationRequest) (*workflowservice.ExecuteMultiOperationResponse, error) {
	return &workflowservice.ExecuteMultiOperationResponse{}, serviceerror.ToStatus(<-f.answers).Err()
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func dial(t *testing.T, address string, o ...grpc.DialOption) workflowservice.WorkflowServiceClient {
	t.Helper()
	c, err := grpc.NewClient(address, append(o, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return workflowservice.NewWorkflowServiceClient(c)
}

func serve(t *testing.T) (address string, answers chan<- error) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &frontend{answers: make(chan error, 10)}
	s := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(s, f)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		require.NoError(t, <-served)
	})
	return l.Addr().String(), f.answers
}

var witness = grpc.WithStatsHandler(attempt.Handler{})

func TestACallIsHarmlessOnlyIfEveryAttemptIs(t *testing.T) {
	t.Parallel()

	aborted := serviceerror.NewMultiOperationAborted("aborted")
	multi := func(start, update error) error {
		return serviceerror.NewMultiOperationExecution("not executed", []error{start, update})
	}
	broken, missing := serviceerror.NewUnavailable("the connection broke"), serviceerror.NewNamespaceNotFound("default")
	denied, invalid := serviceerror.NewPermissionDenied("no", ""), serviceerror.NewInvalidArgument("no such search attribute")
	for name, tc := range map[string]struct {
		answers  []error
		harmless bool
	}{
		"Done":                   {[]error{nil}, false},
		"Lost":                   {[]error{broken}, false},
		"LostThenMissing":        {[]error{broken, missing}, false},
		"MissingThenLost":        {[]error{missing, broken}, false},
		"Missing":                {[]error{missing}, true},
		"MissingTwice":           {[]error{missing, missing}, true},
		"Denied":                 {[]error{denied}, true},
		"Invalid":                {[]error{invalid}, true},
		"Unknown":                {[]error{serviceerror.NewUnimplemented("unknown method")}, true},
		"NoCredentials":          {[]error{status.Error(codes.Unauthenticated, "who are you?")}, true},
		"NotFound":               {[]error{serviceerror.NewNotFound("no such workflow")}, false},
		"StartRefused":           {[]error{multi(invalid, aborted)}, true},
		"UpdateRefused":          {[]error{multi(aborted, denied)}, true},
		"StartedAndUpdateDenied": {[]error{multi(nil, denied)}, false},
		"StartMayHaveSucceeded":  {[]error{multi(broken, aborted)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, answers := serve(t)
			c := dial(t, address, witness)
			ctx, calls := attempt.Watch(t.Context())
			require.False(t, calls.Harmless(), "nothing is known yet")
			_, err := c.GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
			require.NoError(t, err)
			for _, answer := range tc.answers {
				answers <- answer
				_, err := c.ExecuteMultiOperation(ctx, &workflowservice.ExecuteMultiOperationRequest{})
				require.Equal(t, answer == nil, err == nil)
			}
			require.Equal(t, tc.harmless, calls.Harmless())
		})
	}
}

func TestACallThatIsNotSentIsHarmless(t *testing.T) {
	t.Parallel()
	address, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)
	ctx, calls := attempt.Watch(t.Context())
	_, err = dial(t, address, witness).ExecuteMultiOperation(ctx, &workflowservice.ExecuteMultiOperationRequest{})
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.True(t, calls.Harmless())
}

func TestWithoutAWitnessNothingIsAFact(t *testing.T) {
	t.Parallel()
	address, answers := serve(t)
	answers <- serviceerror.NewNamespaceNotFound("default")
	ctx, calls := attempt.Watch(t.Context())
	_, err := dial(t, address).ExecuteMultiOperation(ctx, &workflowservice.ExecuteMultiOperationRequest{})
	require.Error(t, err)
	require.False(t, calls.Harmless())
}
