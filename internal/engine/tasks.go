package engine

import (
	"context"
	"time"

	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// tasksOnThisClock moves the times of every activity task that the engine hands out
// to the clock of this host, as if the task had begun when it arrived. The SDK adds
// the activity's schedule-to-close timeout to the engine's time and compares the sum
// with this host's: on a host that is further ahead than the timeout, every attempt
// would have no time left, and the SDK would not even report its result.
func tasksOnThisClock(
	ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	err := call(ctx, method, request, reply, conn, options...)
	if err != nil {
		return err
	}
	switch r := reply.(type) {
	case *workflowservicepb.PollActivityTaskQueueResponse:
		startAt(r, time.Now())
	case *workflowservicepb.RespondWorkflowTaskCompletedResponse:
		for _, task := range r.GetActivityTasks() { // started eagerly, with the workflow task's answer
			startAt(task, time.Now())
		}
	}
	return nil
}

// startAt moves the times of a task so that it starts now, and keeps the time between
// any two of them. An empty answer of a long poll has no times.
func startAt(task *workflowservicepb.PollActivityTaskQueueResponse, now time.Time) {
	if task.GetStartedTime() == nil {
		return
	}
	shift := now.Sub(task.GetStartedTime().AsTime())
	for _, at := range []**timestamppb.Timestamp{&task.ScheduledTime, &task.CurrentAttemptScheduledTime, &task.StartedTime} {
		if *at != nil {
			*at = timestamppb.New((*at).AsTime().Add(shift))
		}
	}
}
