package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/workflows"
)

// placed is what a placement led to.
type placed struct {
	snapshot

	replayed bool // an earlier call placed it
}

// place places the order that customer and key stand for, or attaches to it. It
// returns when the order is durable. Codes: IDEMPOTENCY_KEY_REUSED, UNAVAILABLE
// (nothing was started), PLACEMENT_UNKNOWN.
func (o *orders) place(ctx context.Context, p workflows.Placement, key string) (placed, error) {
	id := orderID(p.CustomerID, key)
	p.Fingerprint, p.Nonce = fingerprint(p), nonce()
	p.PlacedAt = o.now().UTC().Truncate(time.Microsecond)
	p.DecideBy = p.PlacedAt.Add(o.config.DecideAfter)

	if err := o.reachable(ctx); err != nil {
		return placed{}, &problem{code: fault.Unavailable, cause: fmt.Errorf("ask the engine whether it is there: %w", err)}
	}
	result, err := o.startOrAttach(ctx, id, p)
	switch {
	case err == nil:
		o.alive()
	case noOutcome(err):
		return o.existing(ctx, id, p.Fingerprint)
	case refused(err):
		return placed{}, &problem{code: fault.Unavailable, cause: fmt.Errorf("the engine refuses placements: %w", err)}
	default:
		return placed{}, unknownPlacement(id, err)
	}

	switch {
	case result.Fingerprint != p.Fingerprint:
		return placed{}, refuse(codeKeyReused, "")
	case result.Nonce == p.Nonce:
		return placed{snapshot: snapshot{result.Order, contract.SourceWorkflow}}, nil
	}
	// The outcome is of the call that placed the order; what became of it since
	// then is worth a question, but not worth failing for.
	now, err := o.find(ctx, id)
	if err != nil {
		now = snapshot{result.Order, contract.SourceWorkflow}
	}
	return placed{snapshot: now, replayed: true}, nil
}

// startOrAttach makes the one call that starts the order's workflow, unless it
// is there, and waits for the outcome of its first placement.
func (o *orders) startOrAttach(ctx context.Context, id string, p workflows.Placement) (workflows.PlaceResult, error) {
	ctx, cancel := context.WithTimeout(ctx, o.config.PlacementTimeout)
	defer cancel()
	start := o.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:        workflows.WorkflowID(id),
		TaskQueue: o.config.OrderQueue,
		// A second call attaches to a running workflow; a closed one is not started
		// again. There is no execution or run timeout: they would skip undo.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			attributeOrderStatus.ValueSet(string(workflows.StatusPending)),
			attributeCustomer.ValueSet(opaqueCustomer(p.CustomerID)),
		),
		StaticSummary: summary(p),
	}, workflows.PlaceOrder, workflows.Input{OrderID: id, Placement: p})

	handle, err := o.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID:   workflows.WorkflowID(id),
			UpdateID:     workflows.PlaceUpdateID,
			UpdateName:   workflows.UpdatePlace,
			Args:         []any{workflows.PlaceRequest{Fingerprint: p.Fingerprint, Nonce: p.Nonce}},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return workflows.PlaceResult{}, fmt.Errorf("start or attach: %w", err)
	}
	var result workflows.PlaceResult
	if err := handle.Get(ctx, &result); err != nil {
		return workflows.PlaceResult{}, fmt.Errorf("placement's outcome: %w", err)
	}
	return result, nil
}

// noOutcome says that the order's workflow is there but has no outcome for this
// placement: it was terminated, or its update failed.
func noOutcome(err error) bool {
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	return errors.As(err, &started) || errors.As(err, &application) || errors.As(err, &gone)
}

// refused says that the engine is set up wrongly and refuses every such call, so
// no attempt that the SDK made before can have started anything.
func refused(err error) bool {
	var namespace *serviceerror.NamespaceNotFound
	var argument *serviceerror.InvalidArgument
	return errors.As(err, &namespace) || errors.As(err, &argument)
}

// existing answers for an order whose workflow is closed, but only to a request
// that is known to be the one that placed it.
func (o *orders) existing(ctx context.Context, id, fingerprint string) (placed, error) {
	input, err := o.input(ctx, id)
	if err != nil {
		return placed{}, unknownPlacement(id, err)
	}
	if input.Placement.Fingerprint != fingerprint {
		return placed{}, refuse(codeKeyReused, "")
	}
	now, err := o.find(ctx, id)
	if err != nil {
		return placed{}, unknownPlacement(id, err)
	}
	return placed{snapshot: now, replayed: true}, nil
}

func unknownPlacement(id string, err error) *problem {
	return &problem{code: codePlacementUnknown, location: location(id), cause: err}
}

// await returns the decided order as soon as it is decided, unless ctx ends.
// Waiting for a workflow's result costs no events in its history.
func (o *orders) await(ctx context.Context, id string) (snapshot, bool) {
	for {
		var view workflows.OrderView
		err := o.temporal.GetWorkflow(ctx, workflows.WorkflowID(id), "").Get(ctx, &view)
		if err == nil {
			return snapshot{view, contract.SourceWorkflow}, true
		}
		// A reset terminates the run that was waited for, and begins another.
		var terminated *temporal.TerminatedError
		if !errors.As(err, &terminated) || !o.goesOn(ctx, id) {
			return snapshot{}, false
		}
	}
}

// goesOn says whether the order's newest run is running or has decided.
func (o *orders) goesOn(ctx context.Context, id string) bool {
	d, err := o.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return false
	}
	switch d.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return true
	default:
		return false
	}
}

// summary is what the Web UI shows of an order: nothing personal.
func summary(p workflows.Placement) string {
	if len(p.Lines) == 1 {
		return fmt.Sprintf("1 line, %s", p.Currency)
	}
	return fmt.Sprintf("%d lines, %s", len(p.Lines), p.Currency)
}

var (
	attributeOrderStatus = temporal.NewSearchAttributeKeyKeyword(workflows.AttributeOrderStatus)
	attributeCustomer    = temporal.NewSearchAttributeKeyKeyword(workflows.AttributeCustomer)
)
