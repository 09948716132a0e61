package place

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Records are the orders of the order service. [order.Direct] has its contract.
type Records interface {
	// Get returns the record of an order, or NOT_FOUND.
	Get(ctx context.Context, id string) (order.Record, error)
}

// The pauses between two readings of a record that is not there yet. The first step of an
// idle platform takes some milliseconds.
const (
	firstPause = 4 * time.Millisecond
	mostPause  = 50 * time.Millisecond
)

// recorded waits for the record of an order whose workflow has been started. If the
// workflow existed before and is closed, and there is no record, it returns exists.
func (p *Placer) recorded(ctx context.Context, id string, exists error) (placed first, err error) {
	missing := func(err error) bool { return fault.CodeOf(err) == fault.NotFound }
	open := exists == nil // as far as it is known
	wait := background.Retry{First: firstPause, Most: mostPause, Final: func(err error) bool { return !missing(err) }}
	err = wait.Do(ctx, func(ctx context.Context) error {
		placed, err = p.record(ctx, id)
		if missing(err) && !open {
			if p.closed(ctx, id) {
				return exists
			}
			open = true
		}
		return err
	})
	return placed, err //nolint:wrapcheck // it is the attempt's
}

// record reads an order's first placement in its record. Code: NOT_FOUND.
func (p *Placer) record(ctx context.Context, id string) (first, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.PingTimeout)
	defer cancel()
	r, err := p.records.Get(ctx, id)
	if err != nil {
		return first{}, fmt.Errorf("read the order's record: %w", err)
	}
	now, err := read.OfRecord(r)
	return first{r.Placement.Fingerprint, r.Placement.Nonce, now}, err
}

// closed reports whether the order's newest run is known to have ended.
func (p *Placer) closed(ctx context.Context, id string) bool {
	d, err := p.engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return false
	}
	switch d.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return false
	default:
		return true
	}
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
	return fault.CodeOf(err) == fault.NotFound, nil
}
