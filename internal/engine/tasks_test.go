package engine

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestTasksStartOnThisHostsClock(t *testing.T) {
	t.Parallel()

	for name, ahead := range map[string]time.Duration{"Ahead": 15 * time.Minute, "Behind": -15 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engines := time.Now().Add(-ahead)
			at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(engines.Add(d)) }
			task := &workflowservicepb.PollActivityTaskQueueResponse{
				ScheduledTime: at(-70 * time.Second), CurrentAttemptScheduledTime: at(-10 * time.Second), StartedTime: at(0),
			}
			received := func(reply proto.Message, with proto.Message) {
				require.NoError(t, tasksOnThisClock(t.Context(), "", nil, reply, nil,
					func(_ context.Context, _ string, _, reply any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
						proto.Merge(reply.(proto.Message), with) //nolint:errcheck // it is one
						return nil
					}))
			}
			polled, completed := &workflowservicepb.PollActivityTaskQueueResponse{}, &workflowservicepb.RespondWorkflowTaskCompletedResponse{}
			received(polled, task)
			received(completed, &workflowservicepb.RespondWorkflowTaskCompletedResponse{
				ActivityTasks: []*workflowservicepb.PollActivityTaskQueueResponse{task},
			})
			for _, got := range []*workflowservicepb.PollActivityTaskQueueResponse{polled, completed.ActivityTasks[0]} {
				require.WithinDuration(t, time.Now(), got.GetStartedTime().AsTime(), time.Minute)
				require.Equal(t, 70*time.Second, got.GetStartedTime().AsTime().Sub(got.GetScheduledTime().AsTime()))
				require.Equal(t, 10*time.Second, got.GetStartedTime().AsTime().Sub(got.GetCurrentAttemptScheduledTime().AsTime()))
			}
		})
	}

	t.Run("AnEmptyPollHasNoTimes", func(t *testing.T) {
		t.Parallel()
		empty := &workflowservicepb.PollActivityTaskQueueResponse{}
		startAt(empty, time.Now())
		require.True(t, proto.Equal(&workflowservicepb.PollActivityTaskQueueResponse{}, empty))
	})
}
