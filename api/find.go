package api

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/workflows"
)

// find returns an order as its workflow knows it or, if no worker answers, as
// the engine does, within one and a half query timeouts. Codes: NOT_FOUND, UNAVAILABLE.
func (o *orders) find(ctx context.Context, id string) (snapshot, error) {
	view, err := o.ask(ctx, id)
	if err != nil && unknownWorkflow(err) {
		return snapshot{}, &problem{code: fault.NotFound, cause: err}
	}

	ctx, cancel := context.WithTimeout(ctx, o.config.QueryTimeout/2)
	defer cancel()
	if err == nil {
		found := snapshot{view, contract.SourceWorkflow}
		if !found.decided() || view.NeedsAttention {
			o.enrich(ctx, &found)
		}
		o.addAcknowledged(ctx, &found)
		return found, nil
	}
	found, err := o.describe(ctx, id)
	switch {
	case err == nil:
		return found, nil
	case unknownWorkflow(err):
		return snapshot{}, &problem{code: fault.NotFound, cause: err}
	default:
		return snapshot{}, &problem{code: fault.Unavailable, detail: "The order cannot be read right now.", cause: err}
	}
}

// ask queries the order's workflow, which answers also after it closed.
func (o *orders) ask(ctx context.Context, id string) (workflows.OrderView, error) {
	ctx, cancel := context.WithTimeout(ctx, o.config.QueryTimeout)
	defer cancel()
	var view workflows.OrderView
	answer, err := o.temporal.QueryWorkflow(ctx, workflows.WorkflowID(id), "", workflows.QueryOrder)
	if err != nil {
		return view, fmt.Errorf("query the order's workflow: %w", err)
	}
	o.alive()
	if err := answer.Get(&view); err != nil {
		return view, fmt.Errorf("read the query's answer: %w", err)
	}
	return view, nil
}

// unknownWorkflow says that the engine has no such workflow. A namespace that it
// does not know is another matter.
func unknownWorkflow(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}
