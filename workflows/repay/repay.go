// Package repay has the refund saga, which pays back money of a confirmed order.
//
// A refund is recorded with its order before money moves, so the order's record tells
// operators of one that makes no progress, also when the engine has lost it. Then comes
// the pivot, [activities.RefundPayment]: the steps after it only go forward, and before
// it there is nothing to undo.
//
// The steps have the order's id in their keys, so that every service finds the order's
// money and goods, and the number of the refund as their generation.
package repay

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows/moment"
)

// Names for callers. Histories record them, so they never change.
const (
	// RefundOrder is the type name of the workflow. Its input is an [Input], its result a
	// [View].
	RefundOrder = "RefundOrder"
	// Query returns a [View], also after the workflow closed.
	Query = "refund"
)

// WorkflowID returns the id of a refund's workflow.
func WorkflowID(refundID string) string { return "refund-" + refundID }

// Input starts the workflow [RefundOrder].
type Input struct {
	OrderID string       `json:"order_id"`
	Number  int          `json:"number"` // of the refund; no two refunds of one order have the same
	Amount  money.Amount `json:"amount"`
	refund.Note
	// Undo resumes a refund whose workflow is lost: it is refused, unless the money was paid
	// back, see [saga.Options.Against].
	Undo bool `json:"undo,omitempty"`
}

// Resume returns the input that resumes a refund whose workflow is lost. It has no words
// of a person: the payment service has them if money moved.
func Resume(f order.Refund) Input {
	return Input{OrderID: f.OrderID, Number: f.Number, Amount: f.Amount, Note: refund.Note{ID: f.ID, TakeBack: f.TakeBack}, Undo: true}
}

// View is a refund with its saga.
type View struct {
	Input

	// Status is PENDING until all is done, the taking back of stock included.
	Status    order.RefundStatus `json:"status"`
	Code      fault.Code         `json:"code,omitempty"`  // why it was refused
	Units     int64              `json:"units,omitempty"` // of the stock that was taken back
	Attention []saga.Attention   `json:"attention,omitempty"`
	Repairs   []saga.Repair      `json:"repairs,omitempty"`
	Steps     []saga.StepView    `json:"steps"`
	CreatedAt time.Time          `json:"created_at"`
	UpdatedAt time.Time          `json:"updated_at"`
}

// plan lists the steps of a refund.
var plan = saga.NewPlan(
	activities.OpenRefund,
	activities.RefundPayment,
	activities.TakeBackStock,
	activities.CloseRefund,
).OnAbort(activities.RefuseRefund)

// Names of the steps of a refund that have an effect on money, and on stock.
var (
	PaysBack  = activities.RefundPayment.Name
	TakesBack = activities.TakeBackStock.Name
)

// Steps returns the names of the steps that a refund asks, with the taking back of stock if wanted.
func Steps(takeBack bool) []string {
	return slices.DeleteFunc(plan.Forward(), func(step string) bool { return step == TakesBack && !takeBack })
}

// Options configure the workflow, as those of the order saga do.
type Options struct {
	Queues         map[string]string
	Timing         saga.Timing
	NeedsAttention *temporal.SearchAttributeKeyBool
}

// Registry is where the workflow is registered.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register registers the workflow as [RefundOrder].
func Register(r Registry, o Options) {
	r.RegisterWorkflowWithOptions(o.refundOrder, workflow.RegisterOptions{Name: RefundOrder})
}

// refundOrder is the refund saga. Its result is the decided refund; it fails only for an
// input that no saga can run with.
func (o Options) refundOrder(ctx workflow.Context, in Input) (View, error) {
	s := &refundSaga{in: in, start: workflow.GetInfo(ctx).WorkflowStartTime.UTC().Truncate(time.Microsecond)}
	ctx, err := saga.Host(ctx)
	if err != nil {
		return View{}, err
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, Query, func() (View, error) { return s.view(saga.Progress(ctx, in.OrderID)), nil },
		workflow.QueryHandlerOptions{Description: "the refund with its saga"})
	if err != nil {
		return View{}, fmt.Errorf("register query %s: %w", Query, err)
	}
	var against fault.Code
	if in.Undo {
		against = saga.Deadline
	}
	view, err := saga.Run(ctx, saga.Options{
		ID: in.OrderID, Generation: in.Number, Plan: plan, Queues: o.Queues, Timing: o.Timing, Against: against,
		Notice: s.note, NeedsAttention: o.NeedsAttention, Aborted: s.refuse,
	}, s.repay)
	if err != nil {
		return View{}, err
	}
	return s.view(view), nil
}

// refundSaga is the state of a refund's saga.
type refundSaga struct {
	in    Input
	units int64
	start time.Time
	clock moment.Clock // of the notes
}

// repay takes a refund forward.
func (s *refundSaga) repay(ctx workflow.Context) error {
	if _, err := saga.Do(ctx, activities.OpenRefund, s.opening()); err != nil {
		return err
	}
	if _, err := saga.Do(ctx, activities.RefundPayment, payment.RefundRequest{Amount: s.in.Amount, Note: s.in.Note}); err != nil {
		return err
	}
	if s.in.TakeBack {
		back, err := saga.Do(ctx, activities.TakeBackStock, saga.None{})
		if err != nil {
			return err
		}
		s.units = back.Units
	}
	return s.close(ctx, activities.CloseRefund, order.RefundDone)
}

func (s *refundSaga) opening() order.RefundOpening {
	return order.RefundOpening{ID: s.in.ID, Amount: s.in.Amount, TakeBack: s.in.TakeBack, At: s.start}
}

// refuse ends a refund that was not made, whether or not it is open.
func (s *refundSaga) refuse(ctx workflow.Context, _ saga.Decision) error {
	return s.close(ctx, activities.RefuseRefund, order.RefundRefused)
}

func (s *refundSaga) close(ctx workflow.Context, step saga.Step[order.RefundClosing, saga.None], status order.RefundStatus) error {
	_, err := saga.Do(ctx, step, order.RefundClosing{Status: status, Opening: s.opening(), Note: s.noteOf(ctx, saga.Progress(ctx, s.in.OrderID))})
	return err
}

// note keeps the flags and the repairs in the order's record, whenever the flags change:
// there operators find them, also after the workflow is gone.
func (s *refundSaga) note(ctx workflow.Context, v saga.View) error {
	_, err := saga.Do(ctx, activities.NoteRefund, s.noteOf(ctx, v))
	if fault.CodeOf(err) == fault.NotFound {
		return nil // it is not opened yet
	}
	return err
}

// noteOf returns the flags and repairs of v.
func (s *refundSaga) noteOf(ctx workflow.Context, v saga.View) order.RefundNote {
	return order.RefundNote{ID: s.in.ID, At: s.clock.Next(ctx), Attention: v.Attention, Repairs: v.Repairs}
}

func (s *refundSaga) view(progress saga.View) View {
	v := View{
		Input: s.in, Status: order.RefundPending, Units: s.units, Attention: progress.Attention, Repairs: progress.Repairs,
		Steps: []saga.StepView{}, CreatedAt: s.start, UpdatedAt: s.start,
	}
	switch progress.Phase {
	case saga.Committed:
		v.Status = order.RefundDone
	case saga.Aborted:
		v.Status, v.Code = order.RefundRefused, progress.Reason
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
