package repair

import (
	"context"
	"slices"
	"strings"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// Retrier has a service try again at once the first event of an order that it has failed to
// react to, on behalf of an operator, for a reason. A business fault with code NOT_FOUND
// means that there is none. A repeat is another attempt.
type Retrier func(ctx context.Context, service, order, reason, operator string) error

// repairRecord is Repair for an order without a workflow: its record keeps the repair, and
// its services make it. A retry is an attempt that is due, and whose effect comes later.
func (r *Repairs) repairRecord(ctx context.Context, before read.Snapshot, req saga.RepairRequest, key string) (_ read.Snapshot, made bool, err error) {
	if err := r.checkRecord(before, req); err != nil {
		return read.Snapshot{}, false, err
	}
	if req.Action == saga.Retry {
		if err := r.retry(ctx, req); err != nil {
			return read.Snapshot{}, false, err
		}
	}
	rec, err := r.records.Repair(ctx, req.Saga, kept(req, key))
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

// checkRecord refuses a repair that neither the record of an order nor a service is asked for.
func (r *Repairs) checkRecord(before read.Snapshot, req saga.RepairRequest) error {
	switch unknown := workflows.CheckSkip(req.Step, req.Reference); {
	case req.Action == saga.Skip:
		return unknown //nolint:wrapcheck // a fault
	case req.Action != saga.Retry: // a nudge, of no step
		return nil
	case before.Decided():
		return call.Refuse(saga.AlreadyDecided)
	case fault.CodeOf(unknown) == saga.UnknownStep && !flagged(before, req.Step):
		return unknown //nolint:wrapcheck // a fault, which names the steps
	case r.again == nil:
		return call.Unavailable("The services cannot be asked to try again: set rpc.listen, or services.X.target.", nil)
	}
	return nil
}

func flagged(s read.Snapshot, step string) bool {
	return slices.ContainsFunc(s.Attention, func(a saga.Attention) bool { return a.Step == step })
}

// retry has the service of a step try the event again that the order waits for.
func (r *Repairs) retry(ctx context.Context, req saga.RepairRequest) error {
	ctx, stop := context.WithTimeout(ctx, r.config.Timeout)
	defer stop()
	service, _, _ := strings.Cut(req.Step, ".")
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
