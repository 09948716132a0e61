package workflows

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// AcknowledgeOrder is the type name of the workflow that marks a finished order as
// reviewed. Its result is the order after that, an [OrderView]; it fails with the
// code of a refusal.
const AcknowledgeOrder = "AcknowledgeOrder"

// AcknowledgementID returns the id of the workflow of an order's acknowledgements:
// one runs at a time, and the newest run knows all of them.
func AcknowledgementID(orderID string) string { return "acknowledge-" + orderID }

// Codes of a refused acknowledgement, beside NOT_FOUND, INVALID and
// [saga.ReasonMissing].
const (
	SagaRuns             = activities.SagaRuns
	NotDecided           = order.NotDecided
	NothingToAcknowledge = order.NothingToAcknowledge
)

// Acknowledgement starts the workflow [AcknowledgeOrder].
type Acknowledgement struct {
	OrderID                string `json:"order_id"`
	ledger.Acknowledgement        // without its time and flags, which the workflow and the order add
}

var acknowledging = saga.NewPlan(activities.AcknowledgeOrder)

// acknowledge is a saga of one step: so the step has a key, and is retried, flagged
// and refused like every other.
func (o Options) acknowledge(ctx workflow.Context, in Acknowledgement) (OrderView, error) {
	// The time of the request, not of the attempt: the operator has not seen flags that
	// were raised since. It is the engine's clock, as the times of the flags are.
	asked := in.Acknowledgement
	asked.At = workflow.GetInfo(ctx).WorkflowStartTime
	var record order.Record
	view, err := saga.Run(ctx, saga.Options{ID: in.OrderID, Plan: acknowledging, Queues: o.Queues, Timing: o.Timing},
		func(ctx workflow.Context) (err error) {
			record, err = saga.Do(ctx, activities.AcknowledgeOrder, asked)
			return err
		})
	if err != nil {
		return OrderView{}, err
	}
	if view.Phase != saga.Committed {
		return OrderView{}, temporal.NewApplicationErrorWithOptions("the acknowledgement was refused", string(view.Reason),
			temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
	}
	return RecordView(record)
}

// RecordView returns the order in its record: a decided one with its final view, an
// undecided one without steps.
func RecordView(r order.Record) (OrderView, error) {
	s := orderSaga{in: Input{OrderID: r.ID}, record: r, created: true}
	v := s.view(saga.View{})
	if len(r.View) > 0 {
		v = OrderView{}
		// The checker reports Unmarshal for its reflection.
		err := json.Unmarshal(r.View, &v) //workflowcheck:ignore
		if err != nil {
			return OrderView{}, fmt.Errorf("read the order's view: %w", err)
		}
	}
	v.Style, v.Origin, v.Waivers = r.Placement.Style, r.Origin, s.waivers(saga.View{})
	v.Add(r)
	return v, nil
}

// Add adds the parts of an order's record that change after the order's end, when its view
// is stored already.
func (v *OrderView) Add(r order.Record) {
	v.Attention, v.NeedsAttention = append([]saga.Attention{}, r.Attention...), r.NeedsAttention()
	for _, q := range r.Repairs {
		if !slices.ContainsFunc(v.Repairs, func(have saga.Repair) bool { return q.Request != "" && have.Request == q.Request }) {
			v.Repairs = append(v.Repairs, q) // that of a resume is in the view, too
		}
	}
	if r.Refunded > 0 && r.Total != nil {
		v.Refunded = new(money.New(r.Refunded, r.Total.Currency))
	}
	v.Acknowledge(r.Acknowledgements)
}

// Acknowledge adds acknowledgements, and takes down the flags that they cover. The
// answer of a closed workflow is older, so its callers add them.
func (v *OrderView) Acknowledge(all []ledger.Acknowledgement) {
	if len(all) == 0 {
		return
	}
	if len(all) > len(v.Acknowledgements) { // they are only ever added: the longer list has the other
		v.Acknowledgements = all
	}
	left := []saga.Attention{}
	for _, flag := range v.Attention {
		if !slices.ContainsFunc(v.Acknowledgements, func(a ledger.Acknowledgement) bool { return a.Covers(flag) }) {
			left = append(left, flag)
		}
	}
	v.Attention, v.NeedsAttention = left, len(left) > 0
}
