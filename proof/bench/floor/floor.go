// Package floor is what the order saga is compared with: the least that the
// engine asks for a workflow, and for a saga as the public samples write one.
//
// [Bare] is floor-0: a workflow that does nothing. [Naive] is floor-n: as many
// activities, one after the other, as the order saga has steps in other services,
// on one task queue per service, each of them a single INSERT. It has what the
// samples have, a list of compensations that runs backwards after an error, and
// nothing of what makes a saga safe: no record of what was done, no pivot, no
// fence against a late attempt, no cancel, no progress to look at.
//
// What it is compared with may differ from it only in what it does. So the floor
// runs as the order platform does: one process for all workers and one for what
// asks the engine, the same client, pollers, slots and pools, from the same code.
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

// Steps are the naive saga's: those that an order which goes well takes in other
// services than its own.
var Steps = []Step{
	{"quote", "catalog"},
	{"reserve", "inventory"},
	{"authorize", "payment"},
	{"book", "shipping"},
	{"capture", "payment"},
	{"commit", "inventory"},
}

// Order is what a workflow of the floor is started with.
type Order struct {
	ID       string `json:"id"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Amount   int    `json:"amount"`
}

// Receipt is what a workflow and an activity of the floor return.
type Receipt struct {
	OrderID string `json:"order_id"`
	Step    string `json:"step"`
}

// Bare does nothing.
func Bare(_ workflow.Context, order Order) (Receipt, error) {
	return Receipt{OrderID: order.ID}, nil
}

// Naive takes every step, and takes back what it has done if one fails.
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
