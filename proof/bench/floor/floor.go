// Package floor is the measure of the order saga's costs: the least that the
// engine needs for a workflow, and for a saga as in the public samples.
//
// [Bare] is floor-0: an empty workflow. [Naive] is floor-n: as many activities,
// one after the other, as the order saga has steps in other services, on one task
// queue per service, each of them a single INSERT. Like the samples it has a list
// of compensations that runs backwards after an error, and nothing that makes a
// saga safe: no record of its effects, no pivot, no fence against a late attempt,
// no cancel, no visible progress.
//
// The floor may differ from the order platform only in its work. So it runs as the
// order platform does: one process for all workers and one for the client of the
// engine, with the same client, pollers, slots and pools, from the same code.
package floor

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Names that workflows and activities are registered under.
const (
	BareWorkflow  = "Bare"
	NaiveWorkflow = "Naive"
	do            = "do"
	undo          = "undo"
)

// Queue is the task queue of the workflows; that of a service is [Step.Queue].
const Queue = "floor"

// Step is one step of the naive saga.
type Step struct{ Name, Service string }

// Queue is the task queue of the step's service.
func (s Step) Queue() string { return Queue + "-" + s.Service }

// Steps are the steps of the naive saga: those that a confirmed order takes in
// other services than its own.
var Steps = []Step{
	{"quote", "catalog"},
	{"reserve", "inventory"},
	{"authorize", "payment"},
	{"book", "shipping"},
	{"capture", "payment"},
	{"commit", "inventory"},
}

// Order is the input of a workflow of the floor.
type Order struct {
	ID       string `json:"id"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Amount   int    `json:"amount"`
}

// Receipt is the result of a workflow and an activity of the floor.
type Receipt struct {
	OrderID string `json:"order_id"`
	Step    string `json:"step"`
}

// Bare does nothing.
func Bare(_ workflow.Context, order Order) (Receipt, error) {
	return Receipt{OrderID: order.ID}, nil
}

// Naive takes every step, and compensates the steps done if one fails.
func Naive(ctx workflow.Context, order Order) (receipt Receipt, err error) {
	options := workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second}

	var compensations []Step
	defer func() {
		if err == nil {
			return
		}
		ctx, _ := workflow.NewDisconnectedContext(ctx)
		for _, step := range slices.Backward(compensations) {
			options.TaskQueue = step.Queue()
			ctx := workflow.WithActivityOptions(ctx, options)
			err = errors.Join(err, workflow.ExecuteActivity(ctx, undo, order, step.Name).Get(ctx, nil))
		}
	}()
	for _, step := range Steps {
		options.TaskQueue = step.Queue()
		ctx := workflow.WithActivityOptions(ctx, options)
		compensations = append(compensations, step)
		if err := workflow.ExecuteActivity(ctx, do, order, step.Name).Get(ctx, &receipt); err != nil {
			return receipt, err
		}
	}
	return receipt, nil
}
