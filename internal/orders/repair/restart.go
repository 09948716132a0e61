package repair

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/internal/orders/sagas"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Restart sets an order's whole saga going again. It returns the order as it then is, and
// whether that is decided.
//
// A resume is for an undecided order whose workflow was stopped or is gone, at any age, or
// for a choreographed one that makes no progress: a workflow in undo mode settles the
// payment, then goes forward or undoes everything. A rerun resets the workflow to its
// beginning, at any status: every step is asked again under its key.
//
// The order's record keeps who asked for it and why, before it is made; the engine has it,
// too, as the reason of the reset, or the summary of the run. A repeat with the same key is one
// restart. Codes: NOT_FOUND, ALREADY_DECIDED, NOT_FLAGGED, [workflows.SagaRuns], REASON_MISSING,
// INVALID, UNAVAILABLE (repeat it).
func (r *Repairs) Restart(ctx context.Context, req saga.RepairRequest, key string) (_ read.Snapshot, made bool, err error) {
	before, err := r.orders.Find(ctx, req.Saga)
	if err != nil {
		return read.Snapshot{}, false, err //nolint:wrapcheck // a fault
	}
	q := kept(req, key)
	again, err := r.prepare(ctx, before, q)
	switch {
	case err != nil:
		return read.Snapshot{}, false, err
	case again == nil:
		return before, true, nil
	}
	if q, err = r.keep(ctx, before.ID, q); err != nil {
		return read.Snapshot{}, false, err
	}
	if err := again(ctx, q); err != nil {
		return read.Snapshot{}, false, err
	}
	return r.restarted(ctx, before)
}

// kept returns a request as records keep it.
func kept(req saga.RepairRequest, key string) ledger.Repair {
	return ledger.Repair{
		Step: req.Step, Action: req.Action, Reason: req.Reason, Operator: req.Operator, Reference: req.Reference,
		Request: identity.Repair(req, key),
	}
}

// prepare returns how an order's saga is set going again, nil if it was already, or why it is
// not. It changes nothing.
func (r *Repairs) prepare(ctx context.Context, before read.Snapshot, q ledger.Repair) (restart, error) {
	if q.Action == saga.Rerun {
		return r.rerun(ctx, before, q)
	}
	return r.resume(ctx, before, q)
}

// restart sets a saga going again on behalf of an operator.
type restart func(ctx context.Context, q ledger.Repair) error

// resume returns how the saga of an order is resumed; nil: an earlier request was the same,
// and the order is decided since.
func (r *Repairs) resume(ctx context.Context, before read.Snapshot, q ledger.Repair) (restart, error) {
	same := func(b saga.Repair) bool { return b.Request == q.Request }
	switch free := before.Style == order.Choreographed; {
	case before.Decided() && slices.ContainsFunc(before.Repairs, same):
		return nil, nil //nolint:nilnil // as said
	case before.Decided():
		return nil, call.Refuse(saga.AlreadyDecided)
	case free && !before.NeedsAttention:
		return nil, call.Refuse(saga.NotFlagged)
	case !free && !before.Stopped():
		return nil, call.Refuse(workflows.SagaRuns)
	}
	rec, err := r.records.Whole(ctx, before.ID)
	if records.Missing(err) {
		rec, err = r.lost(ctx, before.ID)
	}
	if err != nil {
		return nil, call.Unavailable("Nothing was resumed: the order service does not answer, or cannot be called (rpc.listen, or services.order.target).", err)
	}
	return func(ctx context.Context, q ledger.Repair) error {
		err := sagas.New(r.engine, r.config.Payloads, r.config.Queue).By(q, read.Words(q)).Resume(ctx, rec)
		if err != nil {
			return call.Unavailable("It is not known whether the saga was resumed. Repeat it later; with the same key it is one resume.", err)
		}
		r.engine.Answered()
		return nil
	}, nil
}

// lost returns an order whose record is lost, as the input of its workflow has it.
func (r *Repairs) lost(ctx context.Context, id string) (order.Record, error) {
	in, err := r.orders.Input(ctx, id)
	return order.Record{ID: id, Status: order.Pending, Placement: in.Placement}, err //nolint:wrapcheck // it says of what
}

// keep keeps a repair in the order's record, and returns it with its time. A record that is
// lost cannot have it.
func (r *Repairs) keep(ctx context.Context, id string, q ledger.Repair) (ledger.Repair, error) {
	rec, err := r.records.Repair(ctx, id, q)
	switch {
	case err == nil:
		for _, kept := range rec.Repairs {
			if kept.Request == q.Request {
				q = kept
			}
		}
		return q, nil
	case records.Missing(err):
		q.At = time.Now().UTC() //nolint:forbidigo // to be shown only
		return q, nil
	case fault.KindOf(err) == fault.Business:
		return q, refused(err)
	default:
		return q, call.Unavailable("Nothing was set going again: the order service does not keep who asked for it, because it does not answer, or cannot be called "+
			"(rpc.listen, or services.order.target).", err)
	}
}

// restarted returns an order once its new run has decided it, or as it is after a while.
func (r *Repairs) restarted(ctx context.Context, before read.Snapshot) (_ read.Snapshot, made bool, err error) {
	within, stop := context.WithTimeout(ctx, r.config.Timeout)
	defer stop()
	r.orders.Await(within, before)
	after, err := r.orders.Find(ctx, before.ID)
	if err != nil { // the restart is made: a missing picture does not change that
		return before, false, nil
	}
	return after, after.Decided(), nil
}
