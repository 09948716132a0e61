package floor

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
)

// Round is the work of a client.
type Round struct {
	Workflow    string        `json:"workflow"`    // BareWorkflow or NaiveWorkflow
	Concurrency int           `json:"concurrency"` // workflows at a time
	Duration    time.Duration `json:"duration"`    // no workflow is started later
}

// Result is the result of a round: every workflow that was started has ended.
type Result struct {
	// Took is the time from the first start to the last end.
	Took time.Duration `json:"took"`
	// Started and Ended are, workflow by workflow, the times from before the start
	// until the engine had acknowledged it, and until the result was there.
	Started []time.Duration `json:"started"`
	Ended   []time.Duration `json:"ended"`
}

// Run starts workflows and waits for their results, each caller the next one when
// its last has ended. An error of any workflow ends the round: no workflow of the
// floor may fail.
func Run(ctx context.Context, c client.Client, r Round) (Result, error) {
	began := time.Now()
	callers := make([]Result, r.Concurrency)
	all, ctx := errgroup.WithContext(ctx)
	for i := range callers {
		all.Go(func() error {
			for time.Since(began) < r.Duration {
				if err := callers[i].call(ctx, c, r.Workflow); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return Result{}, err
	}
	result := Result{Took: time.Since(began)}
	for _, own := range callers {
		result.Started = append(result.Started, own.Started...)
		result.Ended = append(result.Ended, own.Ended...)
	}
	return result, nil
}

// call runs one workflow.
func (r *Result) call(ctx context.Context, c client.Client, name string) error {
	began := time.Now()
	id := uuid.NewString()
	order := Order{ID: id, SKU: "MUG-STONEWARE", Quantity: 2, Amount: 3700}
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "floor-" + id, TaskQueue: Queue}, name, order)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	started := time.Since(began)
	var receipt Receipt
	if err := run.Get(ctx, &receipt); err != nil {
		return fmt.Errorf("result of %s: %w", name, err)
	}
	r.Started = append(r.Started, started)
	r.Ended = append(r.Ended, time.Since(began))
	return nil
}
