package symptom

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// unrecorded returns the symptoms of an order without a record, none if its workflow
// has ended: the list that it comes from is a moment old.
func (e *Examiner) unrecorded(ctx context.Context, o Order) ([]Symptom, error) {
	d, err := e.describe(ctx, o.Unrecorded)
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("describe workflow %s: %w", o.Unrecorded, err)
	case !saga.Open(d.GetWorkflowExecutionInfo().GetStatus()):
		return nil, nil
	}
	obstacles, err := e.running(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("examine workflow %s: %w", o.Unrecorded, err)
	}
	words := "its workflow runs, and the order service has no record of it: no step has run" + e.lastFailure(d)
	if o.Unrecorded != workflows.WorkflowID(o.ID) {
		words = fmt.Sprintf("%q is not the id of an order's workflow: it was not started by a placement", o.Unrecorded)
	}
	return append([]Symptom{{Unrecorded, words, o.PlacedAt}}, obstacles...), nil
}

// lastFailure says how the last attempt to record an order failed, if the engine knows
// of one. The message of a step's failure is safe to show.
func (e *Examiner) lastFailure(d *workflowservice.DescribeWorkflowExecutionResponse) string {
	for _, a := range d.GetPendingActivities() {
		if f := a.GetLastFailure(); f != nil && a.GetActivityType().GetName() == activities.CreateOrder.Name {
			return fmt.Sprintf(" (%s, attempt %d: %s)", a.GetActivityType().GetName(), a.GetAttempt(), e.c.Engine.Payloads.Message(f))
		}
	}
	return ""
}
