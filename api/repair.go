package api

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// repair asks an order's saga for a repair and returns the order as it then is,
// and whether the repair has been made: if not, it is recorded and will be.
// Codes: NOT_FOUND, UNKNOWN_STEP, NOT_FLAGGED, CLOSING_STEP, PIVOT_STEP,
// REASON_MISSING, REFERENCE_MISSING, VALIDATION_FAILED, ALREADY_DECIDED,
// SAGA_STOPPED, UNAVAILABLE (repeat it).
func (o *orders) repair(ctx context.Context, req saga.RepairRequest, key string) (_ snapshot, made bool, err error) {
	before, err := o.find(ctx, req.Saga)
	if err != nil {
		return snapshot{}, false, err
	}
	made, err = o.requestRepair(ctx, req, repairID(req, key))
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
	case errors.As(err, &application):
		after, err := o.alreadyWaived(ctx, req, repairRefused(application))
		return after, err == nil, err
	case errors.As(err, &gone):
		after, err := o.alreadyWaived(ctx, req, o.ended(ctx, req.Saga))
		return after, err == nil, err
	default:
		return snapshot{}, false, &problem{
			code: fault.Unavailable, cause: err,
			detail: "It is not known whether the repair arrived: no worker of the order service has answered. Repeat it after Retry-After seconds.",
		}
	}
	if after, err := o.find(ctx, req.Saga); err == nil {
		return after, made, nil
	}
	return before, false, nil // the repair is recorded: a missing picture does not change that
}

// repairID is the same for every repetition of one request, and only for those.
func repairID(req saga.RepairRequest, key string) string {
	sum := digest("amends.repair.v1", req.Operator, req.Step, string(req.Action), req.Reason, req.Reference, key)
	return "repair-" + hex.EncodeToString(sum[:16])
}

// requestRepair returns nil once the saga's history has the repair, and whether
// it has taken effect in time.
func (o *orders) requestRepair(ctx context.Context, req saga.RepairRequest, id string) (made bool, err error) {
	ctx, stop := context.WithTimeout(ctx, o.config.RepairTimeout)
	defer stop()
	handle, err := o.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID:   workflows.WorkflowID(req.Saga),
		UpdateID:     id,
		UpdateName:   saga.UpdateRepair,
		Args:         []any{req},
		WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		return false, fmt.Errorf("ask the saga for a repair: %w", err)
	}
	o.alive()
	var result saga.RepairResult
	err = handle.Get(ctx, &result)
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	if errors.As(err, &application) || errors.As(err, &gone) {
		return false, fmt.Errorf("the repair's outcome: %w", err)
	}
	return err == nil, nil
}

// repairRefused is the answer to a repair that the saga has refused.
func repairRefused(err *temporal.ApplicationError) *problem {
	field := func(code fault.Code, pointer string, of fault.Code, detail string) *problem {
		return &problem{code: code, errors: []contract.FieldError{{Pointer: pointer, Code: string(of), Detail: detail}}}
	}
	switch code := fault.Code(err.Type()); code {
	case saga.UnknownSaga:
		return refuse(fault.NotFound, "")
	case saga.UnknownStep:
		return field(code, "/step", fieldNotAllowed, "is not a step of the order's saga")
	case saga.ReasonMissing:
		return reasonMissing()
	case saga.ReferenceMissing:
		return field(code, "/reference", fieldRequired, "is missing")
	case saga.NotFlagged, saga.ClosingStep, saga.PivotStep, saga.AlreadyDecided:
		return refuse(code, "")
	case fault.Invalid:
		return refuse(codeValidationFailed, err.Message())
	default:
		return &problem{code: fault.Internal, cause: err}
	}
}

func reasonMissing() *problem {
	p := refuse(saga.ReasonMissing, "")
	p.errors = []contract.FieldError{{Pointer: "/reason", Code: string(fieldRequired), Detail: "is missing"}}
	return p
}

// ended is the answer to a repair of an order on which no workflow works.
func (o *orders) ended(ctx context.Context, id string) *problem {
	switch order, err := o.find(ctx, id); {
	case err != nil:
		return toProblem(err)
	case order.decided():
		return refuse(saga.AlreadyDecided, "")
	default:
		return refuse(codeSagaStopped, "")
	}
}

// alreadyWaived answers a skip that was refused because an earlier one of the
// same words has made it superfluous: the order as it stands. Everything else is
// answered otherwise.
func (o *orders) alreadyWaived(ctx context.Context, req saga.RepairRequest, otherwise *problem) (snapshot, error) {
	if req.Action != saga.Skip || otherwise.code != saga.NotFlagged && otherwise.code != saga.AlreadyDecided {
		return snapshot{}, otherwise
	}
	order, err := o.find(ctx, req.Saga)
	if err != nil {
		return snapshot{}, otherwise
	}
	for _, w := range order.Waivers {
		if w.Step == req.Step && w.Operator == req.Operator && w.Reason == req.Reason && w.Reference == req.Reference {
			return order, nil
		}
	}
	return snapshot{}, otherwise
}
