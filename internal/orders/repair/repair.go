// Package repair carries an operator's decisions to the engine: to retry or skip a
// flagged step of an order, to set its whole saga going again, or to acknowledge the flags of
// a finished one.
package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// Repairs makes repairs and acknowledgements. It is safe for concurrent use.
type Repairs struct {
	engine  *call.Engine
	orders  *read.Reader
	records *records.Reader
	again   Retrier
	config  Config
}

// Config configures [Repairs]. Every field must be set.
type Config struct {
	Queue, Namespace string                  // where the workflows of orders run
	Timeout          time.Duration           // how long a repair waits for its effect
	Payloads         converter.DataConverter // of the engine's client
}

// New returns repairs of the orders whose workflows c locates, and of those
// without one in recorded, whose services try again by again; either may be nil, and then
// is not available.
func New(e *call.Engine, orders *read.Reader, recorded *records.Reader, again Retrier, c Config) *Repairs {
	return &Repairs{e, orders, recorded, again, c}
}

// Make makes the repair, the restart or the acknowledgement that a request asks for; [Repairs.Try]
// tries it. It returns as Repair does. A refund names that whose step it is.
func (r *Repairs) Make(ctx context.Context, known Refunds, refund string, req saga.RepairRequest, key string) (read.Snapshot, bool, error) {
	switch {
	case req.Action == Acknowledge:
		return r.Acknowledge(ctx, req, key)
	case req.Action == saga.Resume, req.Action == saga.Rerun:
		return r.Restart(ctx, req, key)
	case refund != "":
		return r.RepairRefund(ctx, known, refund, req, key)
	}
	return r.Repair(ctx, req, key)
}

// Repair asks an order's saga to retry or skip a flagged step. It returns the order
// as it then is, and whether the repair is made; if not, it is recorded and takes
// effect later. A repeat with the same key changes nothing; without a key every
// call is a repair of its own. Codes: NOT_FOUND, UNKNOWN_STEP, NOT_FLAGGED,
// CLOSING_STEP, PIVOT_STEP, REASON_MISSING, REFERENCE_MISSING, INVALID,
// ALREADY_DECIDED, [read.SagaStopped], UNAVAILABLE (repeat it).
func (r *Repairs) Repair(ctx context.Context, req saga.RepairRequest, key string) (_ read.Snapshot, made bool, err error) {
	before, err := r.orders.Find(ctx, req.Saga)
	switch {
	case err != nil:
		return read.Snapshot{}, false, err //nolint:wrapcheck // a fault
	case before.Style == order.Choreographed:
		return r.repairRecord(ctx, before, req, key)
	case req.Action == saga.Nudge:
		return read.Snapshot{}, false, errWorkflow
	}
	return r.repair(ctx, before, workflows.WorkflowID(req.Saga), req, key, r.ended)
}

// errWorkflow refuses the nudge of an order that a workflow takes on.
var errWorkflow = fault.Errorf(fault.Business, fault.Invalid, "The order has a workflow: repair the step that is flagged.")

// Refunds has the refunds that the order service has recorded.
type Refunds interface {
	OrderRefunds(ctx context.Context, id string) ([]order.Refund, error)
}

// RepairRefund is Repair for a step of a refund of the order. A refund has no step that can
// be skipped: its effect is money paid back. [read.SagaStopped] refuses the repair of
// one whose workflow was stopped, or is lost: the doctor resumes it. Code, beside those of
// Repair: NOT_FOUND for a refund that the order does not have.
func (r *Repairs) RepairRefund(ctx context.Context, known Refunds, refund string, req saga.RepairRequest, key string) (_ read.Snapshot, made bool, err error) {
	before, err := r.orders.Find(ctx, req.Saga)
	if err != nil {
		return read.Snapshot{}, false, err //nolint:wrapcheck // a fault
	}
	return r.repair(ctx, before, repay.WorkflowID(refund), req, key, r.refundEnded(known, refund))
}

// refundEnded returns why the closed workflow of a refund cannot be repaired, or otherwise.
func (r *Repairs) refundEnded(known Refunds, refund string) func(ctx context.Context, of string, otherwise error) error {
	return func(ctx context.Context, of string, otherwise error) error {
		// The engine forgets a refund sooner than the order's record does.
		all, err := known.OrderRefunds(ctx, of)
		if err != nil {
			return otherwise
		}
		i := slices.IndexFunc(all, func(f order.Refund) bool { return f.ID == refund })
		switch {
		case i < 0:
			return call.Refuse(fault.NotFound)
		case all[i].Status != order.RefundPending:
			return call.Refuse(saga.AlreadyDecided)
		case r.runs(ctx, repay.WorkflowID(refund)):
			return otherwise
		default:
			return call.Refuse(read.SagaStopped)
		}
	}
}

// runs reports whether a workflow may run: the engine does not say that it does not.
func (r *Repairs) runs(ctx context.Context, workflowID string) bool {
	d, err := r.engine.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil {
		return !call.IsUnknownWorkflow(err)
	}
	return saga.Open(d.GetWorkflowExecutionInfo().GetStatus())
}

// repair sends a repair to a workflow of an order. If that is closed, ended returns why, or
// otherwise.
func (r *Repairs) repair(ctx context.Context, before read.Snapshot, workflowID string, req saga.RepairRequest, key string,
	ended func(ctx context.Context, order string, otherwise error) error,
) (_ read.Snapshot, made bool, err error) {
	watched, attempts := attempt.Watch(ctx)
	made, err = r.requestRepair(watched, workflowID, req, identity.Repair(req, key))
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
	case errors.As(err, &application):
		after, err := r.alreadyWaived(ctx, req, repairRefused(application))
		return after, err == nil, err
	case errors.As(err, &gone):
		after, err := r.alreadyWaived(ctx, req, ended(ctx, req.Saga, notRepaired(attempts, err)))
		return after, err == nil, err
	default:
		return read.Snapshot{}, false, notRepaired(attempts, err)
	}
	if after, err := r.orders.Find(ctx, req.Saga); err == nil {
		return after, made, nil
	}
	return before, false, nil // the repair is recorded: a missing picture does not change that
}

// requestRepair returns nil once the repair is in the saga's history, and whether
// it took effect in time.
func (r *Repairs) requestRepair(ctx context.Context, workflowID string, req saga.RepairRequest, id string) (made bool, err error) {
	ctx, stop := context.WithTimeout(ctx, r.config.Timeout)
	defer stop()
	var result saga.RepairResult
	return r.engine.Update(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID,
		UpdateID:   id,
		UpdateName: saga.UpdateRepair,
		Args:       []any{req},
	}, &result)
}

func notRepaired(attempts *attempt.Log, err error) error {
	return call.Unanswered(attempts, "It is not known whether the repair arrived. Repeat it later; with the same key it is one repair.", err)
}

// repairRefused returns the fault for a repair that the saga has refused.
func repairRefused(err *temporal.ApplicationError) error {
	return refusal(fault.Code(err.Type()), err.Message())
}

// refusal returns the fault for a code with which a saga refuses a repair.
func refusal(code fault.Code, message string) error {
	switch code {
	case saga.UnknownSaga:
		return call.Refuse(fault.NotFound)
	case saga.UnknownStep, fault.Invalid: // it names the steps, or the mistake
		return fault.Errorf(fault.Business, code, "%s", message)
	case saga.ReasonMissing, saga.ReferenceMissing,
		saga.NotFlagged, saga.ClosingStep, saga.PivotStep, saga.AlreadyDecided:
		return call.Refuse(code)
	default:
		return fmt.Errorf("the repair was refused: %s: %s", code, message) //nolint:err113 // a bug of the saga
	}
}

// ended returns the fault for a repair of an order whose workflow is closed, and
// otherwise if it is not.
func (r *Repairs) ended(ctx context.Context, id string, otherwise error) error {
	switch now, err := r.orders.Find(ctx, id); {
	case err != nil:
		return err
	case now.Decided():
		return call.Refuse(saga.AlreadyDecided)
	case now.Stopped():
		return call.Refuse(read.SagaStopped)
	default:
		return otherwise
	}
}

// alreadyWaived returns the order for a skip that was refused because an earlier
// skip in the same words has made it superfluous. For everything else it returns
// otherwise.
func (r *Repairs) alreadyWaived(ctx context.Context, req saga.RepairRequest, otherwise error) (read.Snapshot, error) {
	code := fault.CodeOf(otherwise)
	if req.Action != saga.Skip || code != saga.NotFlagged && code != saga.AlreadyDecided {
		return read.Snapshot{}, otherwise
	}
	now, err := r.orders.Find(ctx, req.Saga)
	if err != nil {
		return read.Snapshot{}, otherwise
	}
	for _, w := range now.Waivers {
		if w.Step == req.Step && w.Operator == req.Operator && w.Reason == req.Reason && w.Reference == req.Reference {
			return now, nil
		}
	}
	return read.Snapshot{}, otherwise
}
