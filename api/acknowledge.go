package api

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/workflows"
)

// acknowledge keeps with a decided order that an operator has looked at it, and
// returns the order as it then is, and whether that has been made: if not, it is
// recorded and will be. The order's own workflow is closed, so it is another one's
// work; one that runs is joined. It asks nothing before, because the engine may
// have forgotten an order that its service still lists. Codes: NOT_FOUND,
// SAGA_RUNS, NOT_DECIDED, NOTHING_TO_ACKNOWLEDGE, REASON_MISSING, VALIDATION_FAILED,
// UNAVAILABLE (repeat it).
func (o *orders) acknowledge(ctx context.Context, req saga.RepairRequest, key string) (_ snapshot, made bool, err error) {
	within, stop := context.WithTimeout(ctx, o.config.RepairTimeout)
	defer stop()
	run, err := o.temporal.ExecuteWorkflow(within, client.StartWorkflowOptions{
		ID:        workflows.AcknowledgementID(req.Saga),
		TaskQueue: o.config.OrderQueue,
		// One that was made before is found by the next, unless there is another flag.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "somebody has looked at the order",
	}, workflows.AcknowledgeOrder, workflows.Acknowledgement{
		OrderID: req.Saga,
		Acknowledgement: ledger.Acknowledgement{
			Reason: req.Reason, Operator: req.Operator, Reference: req.Reference, Request: repairID(req, key),
		},
	})
	if err != nil {
		return snapshot{}, false, &problem{
			code: fault.Unavailable, cause: err,
			detail: "It is not known whether the acknowledgement arrived. Repeat it after Retry-After seconds; with an Idempotency-Key twice is once.",
		}
	}
	o.alive()
	var view workflows.OrderView
	err = run.Get(within, &view)
	var application *temporal.ApplicationError
	switch {
	case err == nil:
		return snapshot{view, contract.SourceRecord}, true, nil
	case errors.As(err, &application):
		return snapshot{}, false, acknowledgementRefused(application)
	}
	now, missing := o.find(ctx, req.Saga)
	if within.Err() == nil || missing != nil {
		return snapshot{}, false, &problem{
			code: fault.Unavailable, cause: err,
			detail: "The acknowledgement is recorded, but not made yet. Repeat it after Retry-After seconds; with an Idempotency-Key twice is once.",
		}
	}
	return now, false, nil
}

// acknowledgementRefused is the answer to an acknowledgement that was refused.
func acknowledgementRefused(err *temporal.ApplicationError) *problem {
	switch code := fault.Code(err.Type()); code {
	case fault.NotFound, workflows.SagaRuns, workflows.NotDecided, workflows.NothingToAcknowledge:
		return refuse(code, "")
	case saga.ReasonMissing:
		return reasonMissing()
	case fault.Invalid:
		return refuse(codeValidationFailed, "A text is too long, or has a control character.")
	default:
		return &problem{code: fault.Internal, cause: err}
	}
}

// addAcknowledged adds to a decided order that is flagged what people have looked
// at since its workflow closed. Without an answer nothing is added.
func (o *orders) addAcknowledged(ctx context.Context, found *snapshot) {
	if !found.decided() || !found.NeedsAttention {
		return
	}
	var newest workflows.OrderView
	if err := o.temporal.GetWorkflow(ctx, workflows.AcknowledgementID(found.ID), "").Get(ctx, &newest); err == nil {
		found.Acknowledge(newest.Acknowledgements)
	}
}
