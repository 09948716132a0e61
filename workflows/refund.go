package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/refund"
)

// Names for callers. Histories record them, so they never change.
const (
	// RefundOrder is the type name of the workflow that pays back money of a confirmed
	// order. Its input is a [Refund], its result a [RefundView].
	RefundOrder = "RefundOrder"
	// QueryRefund returns a [RefundView], also after the workflow closed.
	QueryRefund = "refund"
)

// RefundWorkflowID returns the id of a refund's workflow.
func RefundWorkflowID(refundID string) string { return "refund-" + refundID }

// Refund starts the workflow [RefundOrder]. The steps of a refund have the order's id in
// their keys, so that every service finds the order's money and goods, and the number of
// the refund as their generation.
type Refund struct {
	OrderID string       `json:"order_id"`
	Number  int          `json:"number"` // of the refund; no two refunds of one order have the same
	Amount  money.Amount `json:"amount"`
	refund.Note
}

// RefundStatus is the status of a refund.
type RefundStatus string

// The statuses of a refund. The last two are final. A refund that takes stock back is
// pending until it has.
const (
	RefundPending RefundStatus = "PENDING"
	RefundDone    RefundStatus = "DONE"
	RefundRefused RefundStatus = "REFUSED"
)

// RefundView is a refund with its saga.
type RefundView struct {
	Refund

	Status         RefundStatus    `json:"status"`
	Code           fault.Code      `json:"code,omitempty"`  // why it was refused
	Units          int64           `json:"units,omitempty"` // of the stock that was taken back
	NeedsAttention bool            `json:"needs_attention,omitempty"`
	Steps          []saga.StepView `json:"steps"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
}

// refunding lists the steps of a refund. Paying back is the pivot: what comes after it
// only goes forward, and before it there is nothing to undo.
var refunding = saga.NewPlan(activities.RefundPayment, activities.TakeBackStock)

// refundOrder is the refund saga. Its result is the decided refund; it fails only for an
// input that no saga can run with.
func (o Options) refundOrder(ctx workflow.Context, in Refund) (RefundView, error) {
	var units int64
	ctx, err := saga.Host(ctx)
	if err != nil {
		return RefundView{}, err
	}
	start := workflow.GetInfo(ctx).WorkflowStartTime.UTC().Truncate(time.Microsecond)
	view := func() RefundView { return refundView(in, saga.Progress(ctx, in.OrderID), units, start) }
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryRefund, func() (RefundView, error) { return view(), nil },
		workflow.QueryHandlerOptions{Description: "the refund with its saga"})
	if err != nil {
		return RefundView{}, fmt.Errorf("register query %s: %w", QueryRefund, err)
	}
	_, err = saga.Run(ctx, saga.Options{
		ID: in.OrderID, Generation: in.Number, Plan: refunding, Queues: o.Queues, Timing: o.Timing, NeedsAttention: &AttributeNeedsAttention,
	}, func(ctx workflow.Context) error {
		if _, err := saga.Do(ctx, activities.RefundPayment, payment.RefundRequest{Amount: in.Amount, Note: in.Note}); err != nil {
			return err
		}
		if !in.TakeBack {
			return nil
		}
		back, err := saga.Do(ctx, activities.TakeBackStock, saga.None{})
		units = back.Units
		return err
	})
	if err != nil {
		return RefundView{}, err
	}
	return view(), nil
}

func refundView(in Refund, progress saga.View, units int64, start time.Time) RefundView {
	v := RefundView{
		Refund: in, Status: RefundPending, Units: units, NeedsAttention: len(progress.Attention) > 0,
		Steps: []saga.StepView{}, CreatedAt: start, UpdatedAt: start,
	}
	switch progress.Phase {
	case saga.Committed:
		v.Status = RefundDone
	case saga.Aborted:
		v.Status, v.Code = RefundRefused, progress.Reason
	default:
	}
	for _, st := range progress.Steps {
		if st.StartedAt == nil { // of a refund that takes nothing back, or was refused
			continue
		}
		v.Steps = append(v.Steps, st)
		if st.EndedAt != nil && st.EndedAt.After(v.UpdatedAt) {
			v.UpdatedAt = *st.EndedAt
		}
	}
	return v
}
