package workflows

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// AcknowledgeOrder is the type name of the workflow that keeps that somebody has
// looked at a decided order. Its result is the order as it then stands, an
// [OrderView]; it fails with the code of a refusal.
const AcknowledgeOrder = "AcknowledgeOrder"

// AcknowledgementID returns the id of the workflow of an order's acknowledgements:
// one at a time, and the newest run knows all of them.
func AcknowledgementID(orderID string) string { return "acknowledge-" + orderID }

// Codes that an acknowledgement is refused with, beside NOT_FOUND, INVALID and
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

// acknowledge is a saga of one step: so the step is retried, flagged and refused
// as every other, and its call has a key.
func (o Options) acknowledge(ctx workflow.Context, in Acknowledgement) (OrderView, error) {
	// The engine's clock, which the flags are from too, when it was asked and not when
	// a worker had time: what was raised since then, nobody has seen.
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
	return recordView(record)
}

// recordView is an order as its record has it.
func recordView(r order.Record) (OrderView, error) {
	s := orderSaga{in: Input{OrderID: r.ID}, record: r, created: true}
	v := s.view(saga.View{})
	if len(r.View) > 0 {
		v = OrderView{}
		// The checker fears Unmarshal for its reflection.
		err := json.Unmarshal(r.View, &v) //workflowcheck:ignore
		if err != nil {
			return OrderView{}, fmt.Errorf("read the order's view: %w", err)
		}
	}
	// What changes after the end, the view does not know.
	v.Attention, v.Waivers = append([]saga.Attention{}, r.Attention...), s.waivers(saga.View{})
	v.NeedsAttention = r.NeedsAttention()
	v.Acknowledge(r.Acknowledgements)
	return v, nil
}

// Acknowledge adds what people have looked at, and takes down what they have seen.
// A closed workflow's own answer is from before, so those who ask add it.
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
