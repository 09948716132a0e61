package repair

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/outlook"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// Acknowledge is the action of [Repairs.Acknowledge], for [Repairs.Try].
const Acknowledge saga.Action = "acknowledge"

// Try tells the effect of a repair, a restart or an acknowledgement, or refuses it as the request
// itself would, by the same rules: a workflow is asked a query, and a record is changed in memory
// alone. It changes nothing, returns the order as it is, and the state may change before the
// request is made. A refund names that whose step it is. Codes: those of the request.
func (r *Repairs) Try(ctx context.Context, known Refunds, refund string, req saga.RepairRequest, key string) (read.Snapshot, outlook.Outlook, error) {
	before, err := r.orders.Find(ctx, req.Saga)
	if err != nil {
		return read.Snapshot{}, outlook.Outlook{}, err //nolint:wrapcheck // a fault
	}
	out, err := r.try(ctx, before, known, refund, req, key)
	return before, out, err
}

func (r *Repairs) try(ctx context.Context, before read.Snapshot, known Refunds, refund string, req saga.RepairRequest, key string) (outlook.Outlook, error) {
	switch {
	case req.Action == Acknowledge:
		return r.tryAcknowledge(ctx, before, req)
	case req.Action == saga.Resume, req.Action == saga.Rerun:
		return r.tryRestart(ctx, before, kept(req, key))
	case refund != "":
		return r.tryRefund(ctx, before, known, refund, req)
	case before.Style == order.Choreographed:
		return r.tryRecord(ctx, before, kept(req, key))
	case req.Action == saga.Nudge:
		return outlook.Outlook{}, errWorkflow
	}
	err := r.judge(ctx, workflows.WorkflowID(req.Saga), req, r.ended)
	return outlook.Step(before, req), err
}

// judge asks a workflow whether it would make a repair. If it is closed, ended returns why it
// would not.
func (r *Repairs) judge(ctx context.Context, workflowID string, req saga.RepairRequest, ended func(ctx context.Context, order string, otherwise error) error) error {
	const untried = "It is not known whether the repair would be made: no worker answers for the order, or its release cannot try one. Nothing was changed."
	ctx, stop := context.WithTimeout(ctx, r.config.Timeout)
	defer stop()
	if !r.runs(ctx, workflowID) {
		_, err := r.alreadyWaived(ctx, req, ended(ctx, req.Saga, call.Unavailable(untried, nil)))
		return err
	}
	answer, err := r.engine.QueryWorkflow(ctx, workflowID, "", saga.QueryRepair, req)
	if err != nil {
		return call.Unavailable(untried, err)
	}
	r.engine.Answered()
	var v saga.Verdict
	if err := answer.Get(&v); err != nil {
		return call.Unavailable(untried, err)
	}
	if v.Code != "" {
		_, err := r.alreadyWaived(ctx, req, refusal(v.Code, v.Message))
		return err
	}
	return nil
}

// tryRefund tells of the repair of a step of a refund.
func (r *Repairs) tryRefund(ctx context.Context, before read.Snapshot, known Refunds, refund string, req saga.RepairRequest) (outlook.Outlook, error) {
	if err := r.judge(ctx, repay.WorkflowID(refund), req, r.refundEnded(known, refund)); err != nil {
		return outlook.Outlook{}, err
	}
	all, err := known.OrderRefunds(ctx, req.Saga)
	if err != nil {
		return outlook.Outlook{}, call.Unavailable("It is not known what the repair would do: the refunds of the order cannot be read right now. Nothing was changed.", err)
	}
	out := outlook.Ask{Step: req.Step, Call: outlook.Take}
	for _, f := range all {
		if f.ID == refund {
			out = outlook.OfRefund(req.Step, f.Amount, before.Lines)
		}
	}
	return outlook.Outlook{Asks: []outlook.Ask{out}}, nil
}

// tryRestart tells of a resume or a rerun.
func (r *Repairs) tryRestart(ctx context.Context, before read.Snapshot, q ledger.Repair) (outlook.Outlook, error) {
	again, err := r.prepare(ctx, before, q)
	switch {
	case err != nil, again == nil: // it was made before
		return outlook.Outlook{}, err
	case q.Action == saga.Rerun:
		return outlook.Rerun(before), nil
	}
	return outlook.Resume(before), nil
}

// tryRecord tells of the repair of an order without a workflow. Whether a service has an event to
// try again it alone knows: an order has a flag if so.
func (r *Repairs) tryRecord(ctx context.Context, before read.Snapshot, q ledger.Repair) (outlook.Outlook, error) {
	req := saga.RepairRequest{Saga: before.ID, Step: q.Step, Action: q.Action, Reason: q.Reason, Operator: q.Operator, Reference: q.Reference}
	if err := r.checkRecord(before, req); err != nil {
		return outlook.Outlook{}, err
	}
	rec, err := r.records.Get(ctx, before.ID)
	if err != nil {
		return outlook.Outlook{}, call.Unavailable("It is not known whether the repair would be made: the order service does not answer. Nothing was changed.", err)
	}
	then := rec
	then.Course = new(*rec.Course)
	changed, err := course.Repair(&then, q, time.Now().UTC()) //nolint:forbidigo // as the service's clock would
	switch {
	case err != nil:
		return outlook.Outlook{}, refused(err)
	case q.Action == saga.Retry && !flagged(before, q.Step):
		return outlook.Outlook{}, call.Refuse(saga.NotFlagged)
	case q.Action == saga.Retry:
		return unfree(outlook.Step(before, req), rec), nil
	case !changed: // it was made before
		return outlook.Outlook{}, nil
	}
	out := outlook.Nudge(before, course.Waits(then))
	if q.Action == saga.Skip {
		skipped := outlook.Step(before, req)
		out.Asks, out.Waives, out.Clears = skipped.Asks, skipped.Waives, skipped.Clears
	}
	return unfree(out, rec), nil
}

// unfree leaves out the undo of services that hold nothing of an order.
func unfree(o outlook.Outlook, rec order.Record) outlook.Outlook {
	o.Asks = slices.DeleteFunc(o.Asks, func(a outlook.Ask) bool {
		service, _, _ := strings.Cut(a.Step, ".")
		return a.Call == outlook.Undo && slices.Contains(rec.Course.Free, service)
	})
	return o
}

// tryAcknowledge tells of an acknowledgement.
func (r *Repairs) tryAcknowledge(ctx context.Context, before read.Snapshot, req saga.RepairRequest) (outlook.Outlook, error) {
	if r.runs(ctx, workflows.WorkflowID(req.Saga)) {
		return outlook.Outlook{}, call.Refuse(workflows.SagaRuns)
	}
	rec := order.Record{Status: before.Status, Attention: before.Attention, Acknowledgements: before.Acknowledgements}
	made, err := rec.Acknowledge(ledger.Acknowledgement{
		Reason: req.Reason, Operator: req.Operator, Reference: req.Reference, At: time.Now().UTC(), //nolint:forbidigo // of the request
	})
	switch {
	case err != nil:
		return outlook.Outlook{}, refused(err)
	case !made:
		return outlook.Outlook{}, nil
	}
	return outlook.Outlook{Clears: rec.Acknowledgements[len(rec.Acknowledgements)-1].Flags}, nil
}
