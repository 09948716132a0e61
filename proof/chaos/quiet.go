package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// quiet waits until every order is decided, and every refund has ended. No fault is active any more, so no
// order may stay flagged, which the judgement checks.
func (p *platform) quiet(ctx context.Context, shop *shoptest.Shop, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var left []order.Record
	var failed error
	err := wait.Until(ctx, "every order is decided", func() bool {
		left, failed = undecided(ctx, shop)
		if failed != nil || len(left) > 0 {
			return false
		}
		var refunds []order.Refund // the judgement names those that are left
		refunds, failed = shop.Orders.PendingRefunds(ctx, 1)
		return failed == nil && len(refunds) == 0
	})
	if err == nil {
		return nil
	}
	all := []error{failed, err}
	for _, r := range left {
		all = append(all, fmt.Errorf("I4: %s order %s is %s, %s", r.Style(), r.ID, r.Status, p.why(context.WithoutCancel(ctx), r)))
	}
	return errors.Join(all...)
}

func undecided(ctx context.Context, shop *shoptest.Shop) (left []order.Record, err error) {
	records, err := allRecords(ctx, shop)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if r.Status == order.Pending {
			left = append(left, r)
		}
	}
	return left, nil
}

// why asks a saga for the cause of its wait. Of a choreographed order it returns its facts.
func (p *platform) why(ctx context.Context, r order.Record) string {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if r.Style() == order.Choreographed {
		all, err := p.outboxes(ctx)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("flagged %v, told %v", r.Attention, slices.DeleteFunc(all, func(t told) bool { return t.key != r.ID }))
	}
	answer, err := p.client.QueryWorkflow(ctx, workflows.WorkflowID(r.ID), "", workflows.QueryOrder)
	if err != nil {
		return "its saga does not answer: " + err.Error()
	}
	var view workflows.OrderView
	if err := answer.Get(&view); err != nil {
		return err.Error()
	}
	flags, err := json.Marshal(view.Attention)
	if err != nil {
		return err.Error()
	}
	steps, err := json.Marshal(view.Steps)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("flagged %s, steps %s", flags, steps)
}
