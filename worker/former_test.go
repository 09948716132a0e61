package worker

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
)

// attentive is an engine that notes which task queues are polled.
type attentive struct {
	flickering

	mu     sync.Mutex
	queues map[string]bool
}

func (l *attentive) PollActivityTaskQueue(ctx context.Context, r *workflowservicepb.PollActivityTaskQueueRequest) (*workflowservicepb.PollActivityTaskQueueResponse, error) {
	l.mu.Lock()
	l.queues[r.GetTaskQueue().GetName()] = true
	l.mu.Unlock()
	<-ctx.Done()
	return nil, ctx.Err()
}

func (l *attentive) polled(queue string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queues[queue]
}

// Sagas in flight have tasks on the queues of the release before.
func TestAServicePollsItsFormerTaskQueueToo(t *testing.T) {
	t.Parallel()
	listens := &attentive{queues: map[string]bool{}}
	client := connect(t, listens)

	o := options(t, "inventory")
	o.Queues, o.Former = map[string]string{"inventory": "amends-inventory"}, map[string]string{"inventory": "inventory"}
	require.NoError(t, Migrate(t.Context(), o))
	g, err := New(o)
	require.NoError(t, err)
	stop := start(t, g, client)
	require.Eventually(t, func() bool { return listens.polled("amends-inventory") && listens.polled("inventory") }, patience, time.Millisecond)
	stop()
	require.Equal(t, []string{"amends-inventory", "inventory"}, o.polled("inventory"))
	require.Equal(t, []string{"payment"}, o.polled("payment"))
}
