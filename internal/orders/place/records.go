package place

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
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

const (
	// The pauses between two readings of a record that is not there yet. The first step on
	// an idle platform takes some milliseconds.
	firstPause, mostPause = 4 * time.Millisecond, 50 * time.Millisecond
	// leftAlone is how long an order service that did not answer is not called: the
	// update answers sooner if it is part of the start.
	leftAlone = 5 * time.Second
)

// reader reads records while the order service answers.
type reader struct {
	records Records
	timeout time.Duration // of a reading
	breaker circuitbreaker.CircuitBreaker[order.Record]
}

// newReader returns nil without records.
func newReader(records Records, timeout time.Duration) *reader {
	if records == nil {
		return nil
	}
	unanswered := func(_ order.Record, err error) bool {
		return err != nil && !missing(err) && !errors.Is(err, context.Canceled)
	}
	return &reader{records, timeout, circuitbreaker.NewBuilder[order.Record]().HandleIf(unanswered).WithDelay(leftAlone).Build()}
}

// answers reports whether the order service is to be called; not on a nil reader.
func (r *reader) answers() bool { return r != nil && r.breaker.RemainingDelay() == 0 }

// read reads an order's first placement in its record. Code: NOT_FOUND.
func (r *reader) read(ctx context.Context, id string) (first, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	rec, err := failsafe.With(r.breaker).WithContext(ctx).Get(func() (order.Record, error) { return r.records.Get(ctx, id) })
	if err != nil {
		return first{}, fmt.Errorf("read the order's record: %w", err)
	}
	now, err := read.OfRecord(rec)
	return first{rec.Placement.Fingerprint, rec.Placement.Nonce, now}, err
}

func missing(err error) bool { return fault.CodeOf(err) == fault.NotFound }

// recorded waits for the record of an order whose workflow has been started. If the
// workflow existed before and is closed, and there is no record, it returns exists.
func (p *Placer) recorded(ctx context.Context, id string, exists error) (placed first, err error) {
	open := exists == nil // as far as it is known
	wait := background.Retry{First: firstPause, Most: mostPause, Final: func(err error) bool { return !missing(err) }}
	err = wait.Do(ctx, func(ctx context.Context) error {
		placed, err = p.records.read(ctx, id)
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
	_, err = p.records.read(ctx, id) // after the run was stopped
	return missing(err), nil
}
