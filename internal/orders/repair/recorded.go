package repair

import (
	"context"
	"slices"
	"strings"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/workflows"
)

// Retrier has a service try again at once the first event of an order that it has failed to
// react to, on behalf of an operator, for a reason. A business fault with code NOT_FOUND
// means that there is none. A repeat is another attempt.
type Retrier func(ctx context.Context, service, order, reason, operator string) error

// repairRecord is Repair for an order without a workflow: its record keeps the repair, and
// its services make it. A retry is an attempt that is due, and whose effect comes later.
func (r *Repairs) repairRecord(ctx context.Context, before read.Snapshot, req saga.RepairRequest, key string) (_ read.Snapshot, made bool, err error) {
	switch req.Action {
	case saga.Skip:
		err = workflows.CheckSkip(req.Step, req.Reference)
	case saga.Retry:
		err = r.retry(ctx, before, req)
	default: // a nudge, of no step
	}
	if err != nil {
		return read.Snapshot{}, false, err
	}
	rec, err := r.records.Repair(ctx, req.Saga, ledger.Repair{
		Step: req.Step, Action: req.Action, Reason: req.Reason, Operator: req.Operator, Reference: req.Reference,
		Request: identity.Repair(req, key),
	})
	switch {
	case fault.KindOf(err) == fault.Business:
		return read.Snapshot{}, false, refused(err)
	case fault.KindOf(err) == fault.Transient:
		return read.Snapshot{}, false, call.Unavailable("The repair was not made. Repeat it later.", err)
	case err != nil:
		return read.Snapshot{}, false, call.Unavailable("It is not known whether the repair was made. Repeat it later; with the same key it is one repair.", err)
	}
	after, err := read.OfRecord(rec)
	return after, req.Action != saga.Retry, err //nolint:wrapcheck // it says of which order
}

// retry has the service of a step try the event again that the order waits for.
func (r *Repairs) retry(ctx context.Context, before read.Snapshot, req saga.RepairRequest) error {
	ctx, stop := context.WithTimeout(ctx, r.config.Timeout)
	defer stop()
	service, _, _ := strings.Cut(req.Step, ".")
	flagged := slices.ContainsFunc(before.Attention, func(a saga.Attention) bool { return a.Step == req.Step })
	switch unknown := workflows.CheckSkip(req.Step, ""); {
	case before.Decided():
		return call.Refuse(saga.AlreadyDecided)
	case fault.CodeOf(unknown) == saga.UnknownStep && !flagged:
		return unknown //nolint:wrapcheck // a fault, which names the steps
	case r.again == nil:
		return call.Unavailable("The services cannot be asked to try again: set rpc.listen, or services.X.target.", nil)
	}
	err := r.again(ctx, service, req.Saga, req.Reason, req.Operator)
	switch {
	case err == nil:
		return nil
	case fault.CodeOf(err) == fault.NotFound:
		return call.Refuse(saga.NotFlagged)
	case fault.KindOf(err) == fault.Business:
		return refused(err)
	}
	return call.Unavailable("It is not known whether the service tries again. Repeat it later: a repeat is another attempt.", err)
}

// refused returns the fault of a service that has refused a repair, for the operator.
func refused(err error) error {
	if code := fault.CodeOf(err); code != fault.Invalid {
		return call.Refuse(code)
	}
	return fault.Errorf(fault.Business, fault.Invalid, "%s", fault.Of(err).Message)
}
