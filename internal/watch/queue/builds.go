package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	taskqueuepb "go.temporal.io/api/taskqueue/v1"

	"github.com/amends/amends/internal/engine"
)

// Builds returns the names of the builds whose workers poll a queue, each once, in order.
// now is the engine's present time. The engine remembers polls, so a worker that has
// stopped counts for up to 90 s.
func Builds(ctx context.Context, c *engine.Client, name string, kind Kind, now time.Time) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	d, err := c.DescribeTaskQueue(ctx, name, kind)
	if err != nil {
		return nil, fmt.Errorf("describe task queue %s: %w", name, err)
	}
	return polling(d.GetPollers(), now), nil
}

// polling returns the builds of the pollers that have polled lately.
func polling(pollers []*taskqueuepb.PollerInfo, now time.Time) (builds []string) {
	for _, p := range pollers {
		if now.Sub(p.GetLastAccessTime().AsTime()) > pollsFor {
			continue
		}
		// A worker that names no deployment, such as one of v0.1.0, has its build only there.
		before := p.GetWorkerVersionCapabilities().GetBuildId() //nolint:staticcheck // see above
		if build := cmp.Or(p.GetDeploymentOptions().GetBuildId(), before); build != "" {
			builds = append(builds, build)
		}
	}
	slices.Sort(builds)
	return slices.Compact(builds)
}
