package pollers

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// engine knows of the polls, by a clock that is an hour off.
type engine struct {
	client.Client

	polls []time.Time
	down  bool
	asked int
}

func (e *engine) DescribeTaskQueue(_ context.Context, queue string, kind enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	e.asked++
	if e.down || queue != "order" || kind != enumspb.TASK_QUEUE_TYPE_WORKFLOW {
		return nil, serviceerror.NewUnavailable("down")
	}
	answer := &workflowservice.DescribeTaskQueueResponse{}
	for _, at := range e.polls {
		answer.Pollers = append(answer.Pollers, &taskqueuepb.PollerInfo{LastAccessTime: timestamppb.New(at.Add(time.Hour))})
	}
	return answer, nil
}

func setup() (e *engine, p *Pollers, now *time.Time) {
	at := time.Now()
	e = &engine{}
	return e, New(e, "order", func() time.Time { return at }), &at
}

func TestAQueueThatWasNeverPolledIsSilentAtOnce(t *testing.T) {
	t.Parallel()
	e, p, now := setup()
	require.True(t, p.Silent(t.Context(), 0))
	require.False(t, p.Silent(t.Context(), pause), "its workers may be starting")
	*now = now.Add(pause)
	require.True(t, p.Silent(t.Context(), pause))
	e.polls = []time.Time{*now}
	*now = now.Add(silentFor)
	require.False(t, p.Silent(t.Context(), 0), "they have started")
}

func TestAnIdleWorkerIsNotGone(t *testing.T) {
	t.Parallel()
	e, p, now := setup()
	for range 5 {
		e.polls = append(e.polls, *now)
		require.False(t, p.Silent(t.Context(), 0))
		*now = now.Add(longPoll + pause) // and a deployment besides
		require.False(t, p.Silent(t.Context(), 0))
	}
}

func TestAWorkerThatHasStoppedIsGoneAfterAWhile(t *testing.T) {
	t.Parallel()
	e, p, now := setup()
	e.polls = []time.Time{now.Add(-4 * time.Minute), *now}
	require.False(t, p.Silent(t.Context(), 0))
	*now = now.Add(longPoll + pause + time.Second)
	require.True(t, p.Silent(t.Context(), 0))
	e.polls = nil // the engine forgets it
	*now = now.Add(keptFor)
	require.True(t, p.Silent(t.Context(), 0))
	e.polls = []time.Time{*now}
	*now = now.Add(keptFor)
	require.False(t, p.Silent(t.Context(), 0), "it is back")
}

func TestTheEngineIsAskedOnceInAWhile(t *testing.T) {
	t.Parallel()
	e, p, now := setup()
	e.down = true
	for range 10 {
		require.False(t, p.Silent(t.Context(), 0), "no answer is no proof")
	}
	require.Equal(t, 1, e.asked)
	*now = now.Add(keptFor)
	p.Silent(t.Context(), 0)
	require.Equal(t, 2, e.asked)
}

// The clock of the engine is set back, or another of its hosts takes over.
func TestAPollIsNewByAnEarlierClock(t *testing.T) {
	t.Parallel()
	e, p, now := setup()
	e.polls = []time.Time{*now}
	require.False(t, p.Silent(t.Context(), 0))
	for range 5 {
		*now = now.Add(longPoll)
		e.polls = []time.Time{now.Add(-15 * time.Minute)}
		require.False(t, p.Silent(t.Context(), 0))
	}
	*now = now.Add(longPoll + pause + time.Second)
	require.True(t, p.Silent(t.Context(), 0))
}
