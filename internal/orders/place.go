package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/workflows"
)

// Placed is the outcome of a placement.
type Placed struct {
	read.Snapshot

	Replayed bool // an earlier call placed the order
}

// Place places the order that the placement's customer and key identify, or
// attaches to it, and returns when the order is stored. A repeat returns the same
// order as it stands then, with Replayed set. Codes: [KeyReused], UNAVAILABLE
// (nothing was started), [PlacementUnknown]; with the last one the outcome has the
// order's id and nothing else.
func (c *Client) Place(ctx context.Context, p workflows.Placement, key string) (Placed, error) {
	id := identity.Order(p.CustomerID, key)
	p.Fingerprint, p.Nonce = identity.Fingerprint(p), identity.Nonce()
	p.PlacedAt = c.config.Now().UTC().Truncate(time.Microsecond)
	p.DecideBy = p.PlacedAt.Add(c.config.DecideAfter)

	// Asked first, so that "nothing was started" is a fact and not a guess.
	if err := c.engine.Reachable(ctx, c.config.QueryTimeout); err != nil {
		return Placed{}, call.Unavailable("", err)
	}
	result, err := c.startOrAttach(ctx, id, p)
	switch {
	case err == nil:
		c.engine.Answered()
	case hasNoOutcome(err):
		return c.existing(ctx, id, p.Fingerprint)
	case isMisconfigured(err):
		return Placed{}, call.Unavailable("", fmt.Errorf("the engine refuses placements: %w", err))
	default:
		return unknownPlacement(id, err)
	}

	switch {
	case result.Fingerprint != p.Fingerprint:
		return Placed{}, call.Refuse(KeyReused)
	case result.Nonce == p.Nonce:
		return Placed{Snapshot: read.Snapshot{OrderView: result.Order, Source: read.FromWorkflow}}, nil
	}
	// The outcome shows the order as the first call left it. The present state is
	// worth a question, but not worth failing for.
	now, err := c.Find(ctx, id)
	if err != nil {
		now = read.Snapshot{OrderView: result.Order, Source: read.FromWorkflow}
	}
	return Placed{Snapshot: now, Replayed: true}, nil
}

// startOrAttach makes the one call that starts the order's workflow, unless it
// exists, and waits for the outcome of its first placement.
func (c *Client) startOrAttach(ctx context.Context, id string, p workflows.Placement) (workflows.PlaceResult, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.PlacementTimeout)
	defer cancel()
	start := c.engine.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:        workflows.WorkflowID(id),
		TaskQueue: c.config.Queue,
		// A second call attaches to a running workflow; a closed one is not started
		// again. There is no execution or run timeout: they would skip undo.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttributeOrderStatus.ValueSet(string(workflows.StatusPending)),
			workflows.AttributeCustomer.ValueSet(identity.Customer(p.CustomerID)),
		),
		StaticSummary: summary(p),
	}, workflows.PlaceOrder, workflows.Input{OrderID: id, Placement: p})

	handle, err := c.engine.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
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

// hasNoOutcome reports whether the order's workflow exists but has no outcome for
// this placement: it was terminated, or its update failed.
func hasNoOutcome(err error) bool {
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	return errors.As(err, &started) || errors.As(err, &application) || errors.As(err, &gone)
}

// isMisconfigured reports whether the engine is set up wrongly and refuses every
// such call, so that no earlier attempt of the SDK can have started anything.
func isMisconfigured(err error) bool {
	var namespace *serviceerror.NamespaceNotFound
	var argument *serviceerror.InvalidArgument
	return errors.As(err, &namespace) || errors.As(err, &argument)
}

// existing answers for an order whose workflow is closed, but only if the request
// is known to be the one that placed it.
func (c *Client) existing(ctx context.Context, id, fingerprint string) (Placed, error) {
	input, err := c.Input(ctx, id)
	if err != nil {
		return unknownPlacement(id, err)
	}
	if input.Placement.Fingerprint != fingerprint {
		return Placed{}, call.Refuse(KeyReused)
	}
	now, err := c.Find(ctx, id)
	if err != nil {
		return unknownPlacement(id, err)
	}
	return Placed{Snapshot: now, Replayed: true}, nil
}

func unknownPlacement(id string, err error) (Placed, error) {
	order := Placed{Snapshot: read.Snapshot{OrderView: workflows.OrderView{ID: id}}}
	return order, fault.Wrap(err, fault.Unknown, PlacementUnknown, "")
}

// summary describes an order in Temporal's Web UI, without personal data.
func summary(p workflows.Placement) string {
	if len(p.Lines) == 1 {
		return fmt.Sprintf("1 line, %s", p.Currency)
	}
	return fmt.Sprintf("%d lines, %s", len(p.Lines), p.Currency)
}
