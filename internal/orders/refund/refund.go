// Package refund pays back money of confirmed orders, each refund once however often the
// request is repeated.
//
// A refund's id is derived from its order and the caller's key, so a repeated request
// addresses the same workflow, and after the engine has forgotten that, the same records
// of the order and the payment service. How much is left of a capture is decided by the
// payment service alone.
package refund

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// NotConfirmed refuses a refund of an order that is not confirmed: nothing of it was sold.
const NotConfirmed fault.Code = "ORDER_NOT_CONFIRMED"

// Refunds makes and lists refunds. It is safe for concurrent use.
type Refunds struct {
	engine  *call.Engine
	orders  *read.Reader
	queue   string
	timeout time.Duration
}

// New returns refunds of the orders whose workflows run on a task queue. Each waits for
// its effect up to a timeout.
func New(e *call.Engine, orders *read.Reader, queue string, timeout time.Duration) *Refunds {
	return &Refunds{e, orders, queue, timeout}
}

// Request asks for a refund. Its fields but By are its identity: a key is for one of them.
type Request struct {
	OrderID, Key      string
	Amount            money.Amount
	Reason, Reference string
	By                string // the person who asks
	TakeBack          bool   // the stock of the order, too
}

// Refund pays back money of a confirmed order and returns the refund as it then is; it may
// be pending still. A repeat with the same key returns the same refund. Codes: NOT_FOUND,
// [NotConfirmed], REFUND_EXCEEDS_CAPTURE, also of an imported order, of which nothing was
// captured here, [place.KeyReused], UNAVAILABLE (repeat it with the
// same key).
func (r *Refunds) Refund(ctx context.Context, known Records, q Request) (repay.View, error) {
	in := q.workflow()
	if _, _, err := r.admit(ctx, known, q.OrderID, in); err != nil {
		return repay.View{}, err
	}
	view, err := r.run(ctx, in)
	switch {
	case err != nil:
		return repay.View{}, err
	case !view.Undo && !same(in, view.Note, view.Amount): // one that was resumed has no words
		return repay.View{}, call.Refuse(place.KeyReused)
	case view.Status == order.RefundRefused && (view.Code == payment.RefundExceedsCapture || view.Code == order.PaidElsewhere):
		return repay.View{}, exceeds()
	}
	return view, nil
}

// admit returns the order of a refund, and its recorded refunds, or refuses the refund as far as
// that is known before the payment service is asked.
func (r *Refunds) admit(ctx context.Context, known Records, id string, in repay.Input) (of read.Snapshot, recorded []Recorded, err error) {
	if of, err = r.orders.Find(ctx, id); err != nil {
		return of, nil, err //nolint:wrapcheck // a fault
	}
	if recorded, err = List(ctx, known, id); err != nil {
		return of, nil, call.Unavailable("Nothing was paid back by this request: the refunds of the order cannot be read right now.", err)
	}
	if err := check(recorded, in); err != nil {
		return of, nil, err
	}
	switch {
	case of.Status != workflows.StatusConfirmed:
		return of, nil, call.Refuse(NotConfirmed)
	case of.Total == nil: // the engine alone has answered
		return of, nil, call.Unavailable("Nothing was paid back by this request: the order cannot be read right now.", nil)
	case of.Origin != "", of.Total.Currency != in.Amount.Currency, of.Total.Minor < in.Amount.Minor:
		return of, nil, exceeds()
	}
	return of, recorded, nil
}

// exceeds refuses a refund of more than is left.
func exceeds() error { return call.Refuse(payment.RefundExceedsCapture) }

// workflow returns the input of the refund's workflow.
func (q Request) workflow() repay.Input {
	id, number := identity.Refund(q.OrderID, q.Key)
	return repay.Input{
		OrderID: q.OrderID, Number: number, Amount: q.Amount,
		Note: paid.Note{ID: id, Reason: q.Reason, Reference: q.Reference, By: q.By, TakeBack: q.TakeBack},
	}
}

// same reports whether two requests of one key are the same, whoever made them.
func same(in repay.Input, n paid.Note, a money.Amount) bool {
	n.By = in.By
	return n == in.Note && a == in.Amount
}

// run starts the refund's workflow, unless it exists, and waits for its result.
func (r *Refunds) run(ctx context.Context, in repay.Input) (view repay.View, err error) {
	within, stop := context.WithTimeout(ctx, r.timeout)
	defer stop()
	watched, attempts := attempt.Watch(within)
	const doubt = "It is not known whether the refund was recorded. Repeat the request with the same key: it never pays back twice."
	run, err := r.engine.ExecuteWorkflow(watched, client.StartWorkflowOptions{
		ID: repay.WorkflowID(in.ID), TaskQueue: r.queue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		// One that was stopped before its end is taken up again, under the same keys.
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		StaticSummary:         "pay back money of a confirmed order",
	}, repay.RefundOrder, in)
	if err != nil {
		return view, call.Unanswered(attempts, doubt, err)
	}
	r.engine.Answered()
	if err = run.Get(within, &view); err == nil || within.Err() == nil {
		return view, unknown(err)
	}
	now, err := r.engine.QueryWorkflow(ctx, run.GetID(), "", repay.Query)
	if err == nil {
		err = now.Get(&view)
	}
	return view, unknown(err)
}

// unknown returns the fault of a refund that is recorded, and whose state cannot be read.
func unknown(err error) error {
	if err == nil {
		return nil
	}
	return call.Unavailable("The refund is recorded, and goes on by itself. Repeat the request with the same key to see its state.",
		fmt.Errorf("ask the refund: %w", err))
}
