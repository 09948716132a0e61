package place

import (
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/workflows"
)

// patience is how long workers may be gone before placements are refused. A process
// that has just started may be ahead of its workers.
const patience = 30 * time.Second

// taken refuses a placement that no worker would take, with UNAVAILABLE. An order whose
// workflow exists is not refused: that "nothing was started" would be false, and its
// outcome may need no worker.
func (p *Placer) taken(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, p.config.PingTimeout)
	defer cancel()
	if !p.queue.Silent(ctx, patience) {
		return nil
	}
	if _, err := p.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), ""); !call.IsUnknownWorkflow(err) {
		return nil
	}
	return call.Unavailable("No worker takes orders right now.", fmt.Errorf("no worker polls task queue %q", p.config.Queue))
}

// either returns the earlier id of an order if the engine has the order, otherwise the
// other one. It fails with UNAVAILABLE.
func (p *Placer) either(ctx context.Context, id, earlier string) (string, error) {
	if earlier == "" {
		return id, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.PingTimeout)
	defer cancel()
	_, err := p.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(earlier), "")
	switch {
	case err == nil:
		return earlier, nil
	case call.IsUnknownWorkflow(err):
		return id, nil
	default:
		return "", call.Harmless(err)
	}
}
