package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	deploymentpb "go.temporal.io/api/deployment/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestABuildPollsWhileItsWorkersDo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	poller := func(ago time.Duration, build, before string) *taskqueuepb.PollerInfo {
		return &taskqueuepb.PollerInfo{
			LastAccessTime:            timestamppb.New(now.Add(-ago)),
			DeploymentOptions:         &deploymentpb.WorkerDeploymentOptions{BuildId: build},
			WorkerVersionCapabilities: &commonpb.WorkerVersionCapabilities{BuildId: before}, //nolint:staticcheck // SA1019: workers of 0.1.0 have no other name
		}
	}
	require.Equal(t, []string{"v0.1.0", "v0.2.0"}, polling([]*taskqueuepb.PollerInfo{
		poller(time.Second, "v0.2.0", "v0.2.0"), poller(80*time.Second, "v0.2.0", ""), poller(0, "", "v0.1.0"),
		poller(91*time.Second, "gone", ""),
		{LastAccessTime: timestamppb.New(now)},
	}, now))
}
