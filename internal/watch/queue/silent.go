package queue

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/clock"
)

// The engine remembers the polls of a worker that is gone. While tasks wait that no poll has
// come for since, it is known after WaitsFor that no worker answers; on an idle queue only
// when a living worker must have polled again.
const (
	WaitsFor = 5 * time.Second
	pollsFor = longPoll + 30*time.Second
)

// Silent returns in words that no worker answers on the workflow tasks of a queue, "" if one
// does, or may. It asks the engine, so it needs no worker.
func Silent(ctx context.Context, c *engine.Client, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	now, err := clock.Now(ctx, c)
	if err != nil {
		return "", err //nolint:wrapcheck // a fault that says enough
	}
	d, err := c.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: c.Namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: name, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW, ReportStats: true,
	})
	if err != nil {
		return "", fmt.Errorf("describe task queue %s: %w", name, err)
	}
	var polled time.Time
	for _, p := range d.GetPollers() {
		if at := p.GetLastAccessTime().AsTime(); at.After(polled) {
			polled = at
		}
	}
	return silent(name, polled, now, d.GetStats().GetApproximateBacklogAge().AsDuration()), nil
}

// silent judges a queue that was last polled at a time, and whose oldest task has waited.
func silent(name string, polled, now time.Time, waited time.Duration) string {
	switch idle := now.Sub(polled).Truncate(time.Second); {
	case polled.IsZero():
		return fmt.Sprintf("none polls queue %q", name)
	case idle > pollsFor:
		return fmt.Sprintf("none has polled queue %q for %s", name, idle)
	case waited > WaitsFor && polled.Before(now.Add(-waited)):
		return fmt.Sprintf("tasks have waited on queue %q for %s, and none has polled it since", name, waited.Truncate(time.Second))
	}
	return ""
}
