package place

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/workflows"
)

// submit starts the order's workflow, unless it exists or the policy forbids it, and
// waits for the outcome of its first placement.
func (p *Placer) submit(ctx context.Context, id string, order workflows.Placement, over enumspb.WorkflowIdReusePolicy) (first, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	if !p.records.Answer() {
		return p.attach(ctx, id, order, over)
	}
	run, exists, err := p.start(ctx, id, order, over)
	if err != nil {
		return first{}, err
	}
	placed, err := p.recorded(ctx, id, exists)
	placed.order.Run = run
	if err == nil || ctx.Err() != nil || hasNoOutcome(err) {
		return placed, err
	}
	// The order service does not answer here, but its worker may run the workflow.
	return p.attach(ctx, id, order, over)
}

// start starts the order's workflow, and returns its run. exists is not nil if the workflow was
// started before.
func (p *Placer) start(ctx context.Context, id string, order workflows.Placement, over enumspb.WorkflowIdReusePolicy) (run string, exists, err error) {
	o := p.options(id, order, over)
	o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	// Has an effect only if the client also has the worker of the queue: it then gets the
	// first task with the answer.
	o.EnableEagerStart = true
	started, err := p.engine.ExecuteWorkflow(ctx, o, workflows.PlaceOrder, p.input(id, order))
	switch {
	case err == nil:
		run = started.GetRunID()
	case !hasNoOutcome(err):
		return "", nil, fmt.Errorf("start: %w", err)
	}
	p.engine.Answered()
	return run, err, nil
}

// attach makes the one call that starts the order's workflow as submit does, and has the
// workflow answer.
func (p *Placer) attach(ctx context.Context, id string, order workflows.Placement, over enumspb.WorkflowIdReusePolicy) (first, error) {
	o := p.options(id, order, over)
	o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	handle, err := p.engine.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: p.engine.NewWithStartWorkflowOperation(o, workflows.PlaceOrder, p.input(id, order)),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID:   workflows.WorkflowID(id),
			UpdateID:     workflows.PlaceUpdateID,
			UpdateName:   workflows.UpdatePlace,
			Args:         []any{workflows.PlaceRequest{Fingerprint: order.Fingerprint, Nonce: order.Nonce}},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return first{}, fmt.Errorf("start or attach: %w", err)
	}
	var result workflows.PlaceResult
	if err := handle.Get(ctx, &result); err != nil {
		return first{}, fmt.Errorf("placement's outcome: %w", err)
	}
	p.engine.Answered()
	return first{result.Fingerprint, result.Nonce, read.Snapshot{OrderView: result.Order, Source: read.FromWorkflow}}, nil
}

// options are those of an order's workflow. Whether a closed one is started again, the
// policy says.
func (p *Placer) options(id string, order workflows.Placement, over enumspb.WorkflowIdReusePolicy) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:        workflows.WorkflowID(id),
		TaskQueue: p.config.Queue,
		// There is no execution or run timeout: they would skip undo.
		WorkflowIDReusePolicy: over,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttributeOrderStatus.ValueSet(string(workflows.StatusPending)),
			workflows.AttributeCustomer.ValueSet(identity.Customer(order.CustomerID)),
		),
		StaticSummary: summary(order),
	}
}

func (p *Placer) input(id string, order workflows.Placement) workflows.Input {
	return workflows.Input{OrderID: id, Placement: order, DecideAfter: p.config.DecideAfter, Express: p.config.Express}
}

// summary describes an order in Temporal's Web UI, without personal data.
func summary(order workflows.Placement) string {
	if len(order.Lines) == 1 {
		return fmt.Sprintf("1 line, %s", order.Currency)
	}
	return fmt.Sprintf("%d lines, %s", len(order.Lines), order.Currency)
}
