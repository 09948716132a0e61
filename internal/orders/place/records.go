package place

import (
	"context"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// record reads an order's first placement in its record. Code: NOT_FOUND.
func (p *Placer) record(ctx context.Context, id string) (first, error) {
	rec, err := p.records.Get(ctx, id)
	if err != nil {
		return first{}, err //nolint:wrapcheck // it says so
	}
	now, err := read.OfRecord(rec)
	return first{rec.Placement.Fingerprint, rec.Placement.Nonce, now}, err
}

// recorded waits for the record of an order whose workflow has been started. If the
// workflow existed before and is closed, and there is no record, it returns exists.
func (p *Placer) recorded(ctx context.Context, id string, exists error) (placed first, err error) {
	open, began := exists == nil, p.config.Now() // open as far as it is known
	head, wait := p.pace.looks(began)
	if end, ok := ctx.Deadline(); ok { // a slow start leaves little time, and a pause must not take the last of it
		head = min(head, time.Until(end)/2) //nolint:forbidigo // a deadline is of this host's clock, too
	}
	if open {
		background.Pause(ctx, head)
	}
	wait.Final = func(err error) bool { return !records.Missing(err) }
	err = wait.Do(ctx, func(ctx context.Context) error {
		placed, err = p.record(ctx, id)
		if records.Missing(err) && !open {
			if p.closed(ctx, id) {
				return exists
			}
			open = true
		}
		return err
	})
	if now := p.config.Now(); err == nil && exists == nil {
		p.pace.found(now, now.Sub(began))
	}
	return placed, err //nolint:wrapcheck // it is the attempt's
}

// closed reports whether the order's newest run is known to have ended.
func (p *Placer) closed(ctx context.Context, id string) bool {
	d, err := p.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return false
	}
	return !saga.Open(d.GetWorkflowExecutionInfo().GetStatus())
}

// neverBegan reports whether the order's newest run was stopped before it can have had
// an effect at any service.
func (p *Placer) neverBegan(ctx context.Context, id string) (bool, error) {
	extent, err := p.orders.Extent(ctx, id)
	if err != nil || extent != read.Lost {
		return extent == read.NeverBegan, err //nolint:wrapcheck // its only cause
	}
	if p.records == nil {
		return false, nil
	}
	_, err = p.record(ctx, id) // after the run was stopped
	if records.Missing(err) {
		return true, nil
	}
	return false, err
}
