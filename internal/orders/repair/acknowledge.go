package repair

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/workflows"
)

// Acknowledge records that an operator has reviewed a decided, flagged order. It
// returns the order as it then is, and whether the acknowledgement is made; if not,
// it is recorded and will be. A repeat with the same key changes nothing.
//
// The order's own workflow is closed, so another workflow makes the acknowledgement;
// a running one is joined. The order is not looked up before, because the engine may
// have forgotten one that its service still lists. Codes: NOT_FOUND, SAGA_RUNS,
// NOT_DECIDED, NOTHING_TO_ACKNOWLEDGE, REASON_MISSING, INVALID, UNAVAILABLE (repeat
// it).
func (r *Repairs) Acknowledge(ctx context.Context, req saga.RepairRequest, key string) (_ read.Snapshot, made bool, err error) {
	within, stop := context.WithTimeout(ctx, r.config.Timeout)
	defer stop()
	watched, attempts := attempt.Watch(within)
	run, err := r.engine.ExecuteWorkflow(watched, client.StartWorkflowOptions{
		ID:        workflows.AcknowledgementID(req.Saga),
		TaskQueue: r.config.Queue,
		// One that was made before is found by the next, unless there is another flag.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "an operator has reviewed the order",
	}, workflows.AcknowledgeOrder, workflows.Acknowledgement{
		OrderID: req.Saga,
		Acknowledgement: ledger.Acknowledgement{
			Reason: req.Reason, Operator: req.Operator, Reference: req.Reference, Request: identity.Repair(req, key),
		},
	})
	if err != nil {
		return read.Snapshot{}, false, call.Unanswered(attempts, "It is not known whether the acknowledgement arrived. Repeat it later; with the same key it is one acknowledgement.", err)
	}
	r.engine.Answered()
	var view workflows.OrderView
	err = run.Get(within, &view)
	var application *temporal.ApplicationError
	switch {
	case err == nil:
		return read.Snapshot{OrderView: view, Source: read.FromRecord}, true, nil
	case errors.As(err, &application):
		return read.Snapshot{}, false, acknowledgementRefused(application)
	}
	now, missing := r.orders.Find(ctx, req.Saga)
	switch {
	case within.Err() == nil: // its workflow was stopped, or cannot be asked
		return read.Snapshot{}, false, call.Unavailable("It is not known whether the acknowledgement was made. Repeat it later; with the same key it is one acknowledgement.", err)
	case missing != nil:
		return read.Snapshot{}, false, call.Unavailable("The acknowledgement is recorded, but not made yet. Repeat it later; with the same key it is one acknowledgement.", err)
	}
	return now, false, nil
}

// acknowledgementRefused returns the fault for an acknowledgement that was refused.
func acknowledgementRefused(err *temporal.ApplicationError) error {
	switch code := fault.Code(err.Type()); code {
	case fault.NotFound, saga.ReasonMissing, workflows.SagaRuns, workflows.NotDecided, workflows.NothingToAcknowledge:
		return call.Refuse(code)
	case fault.Invalid:
		return fault.Errorf(fault.Business, code, "A text is too long, or has a control character.")
	default:
		return fmt.Errorf("the acknowledgement was refused: %w", err)
	}
}
