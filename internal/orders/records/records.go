// Package records reads the orders of the order service while it answers, and places and
// withdraws those that need no workflow.
package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// Records are the orders of the order service. [order.Direct] has its contract.
type Records interface {
	// Get returns the record of an order, or NOT_FOUND.
	Get(ctx context.Context, id string) (order.Record, error)
	// Address returns the destination of an order, or NOT_FOUND.
	Address(ctx context.Context, id string) (order.Address, error)
	// KeepContact keeps where a guest is told of an order. A repeat changes nothing.
	KeepContact(ctx context.Context, id, fingerprint string, c order.Contact) error
	course.Requests
	course.Repairs
}

// An order service that did not answer so many of the last readings is not called for a
// while: an order's workflow may answer sooner.
const (
	failures, readings = 3, 5
	leftAlone          = 5 * time.Second
)

// Reader reads records while the order service answers. It is safe for concurrent use. A
// nil reader has no records to read.
type Reader struct {
	records Records
	timeout time.Duration // of a reading
	breaker circuitbreaker.CircuitBreaker[order.Record]
}

// New returns a reader, nil without records. Each reading may take a timeout.
func New(records Records, timeout time.Duration) *Reader {
	if records == nil {
		return nil
	}
	r := &Reader{records: records, timeout: timeout}
	unanswered := func(_ order.Record, err error) bool {
		// One answer ends the time in which the service is left alone: it must be one.
		return err != nil && fault.KindOf(err) != fault.Business && (!errors.Is(err, errGone) || r.breaker.IsHalfOpen())
	}
	r.breaker = circuitbreaker.NewBuilder[order.Record]().HandleIf(unanswered).
		WithFailureThresholdRatio(failures, readings).WithDelay(leftAlone).WithSuccessThreshold(1).Build()
	return r
}

// Answer reports whether the order service is to be called.
func (r *Reader) Answer() bool { return r != nil && r.breaker.RemainingDelay() == 0 }

// Get reads the record of an order. Code: NOT_FOUND.
func (r *Reader) Get(ctx context.Context, id string) (order.Record, error) {
	rec, err := r.call(ctx, r.timeout, func(ctx context.Context) (order.Record, error) { return r.records.Get(ctx, id) })
	if err != nil {
		return rec, fmt.Errorf("read the order's record: %w", err)
	}
	return rec, nil
}

// Whole reads the record of an order with its address, for a saga that is set going again.
// Code: NOT_FOUND.
func (r *Reader) Whole(ctx context.Context, id string) (order.Record, error) {
	if r == nil {
		return order.Record{}, errNone
	}
	rec, err := r.call(ctx, r.timeout, func(ctx context.Context) (rec order.Record, err error) {
		if rec, err = r.records.Get(ctx, id); err == nil {
			rec.Placement.ShipTo, err = r.records.Address(ctx, id)
		}
		return rec, err
	})
	if err != nil {
		return rec, fmt.Errorf("read the order's record: %w", err)
	}
	return rec, nil
}

// KeepContact keeps where a guest is told of an order. It fails on a nil reader.
func (r *Reader) KeepContact(ctx context.Context, id, fingerprint string, c order.Contact) error {
	if r == nil {
		return errNone
	}
	_, err := r.call(ctx, r.timeout, func(ctx context.Context) (none order.Record, err error) {
		return none, r.records.KeepContact(ctx, id, fingerprint, c)
	})
	if err != nil {
		return fmt.Errorf("keep the order's contact: %w", err)
	}
	return nil
}

// Place records a choreographed order, within a time. Its error is transient if the order
// service has certainly not been reached.
func (r *Reader) Place(ctx context.Context, id string, p order.Placement, decideAfter, within time.Duration) (order.Record, error) {
	return r.wish(ctx, within, "place the order", func(ctx context.Context) (order.Record, error) {
		return r.records.Place(ctx, id, p, decideAfter)
	})
}

// Withdraw asks for the abort of a choreographed order. Its error is as that of Place.
func (r *Reader) Withdraw(ctx context.Context, id string) (order.Record, error) {
	return r.wish(ctx, r.timeout, "withdraw the order", func(ctx context.Context) (order.Record, error) { return r.records.Withdraw(ctx, id) })
}

// Repair makes and keeps a repair, see [course.Repairs]. Its error is as that of Place.
func (r *Reader) Repair(ctx context.Context, id string, q ledger.Repair) (order.Record, error) {
	return r.wish(ctx, r.timeout, "repair the order", func(ctx context.Context) (order.Record, error) { return r.records.Repair(ctx, id, q) })
}

func (r *Reader) wish(ctx context.Context, within time.Duration, what string, f func(context.Context) (order.Record, error)) (order.Record, error) {
	err := errNone
	var rec order.Record
	if r != nil {
		rec, err = r.call(ctx, within, f)
	}
	switch {
	case err == nil:
		return rec, nil
	case errors.Is(err, errNone), errors.Is(err, circuitbreaker.ErrOpen):
		return rec, fault.Wrap(err, fault.Transient, fault.Unavailable, "the order service does not answer")
	default:
		return rec, fmt.Errorf("%s: %w", what, err)
	}
}

// call calls the order service, unless it is left alone.
func (r *Reader) call(ctx context.Context, within time.Duration, f func(context.Context) (order.Record, error)) (order.Record, error) {
	reading, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return failsafe.With(r.breaker).WithContext(reading).Get(func() (rec order.Record, err error) { //nolint:wrapcheck // the callers say what failed
		rec, err = f(reading)
		if err != nil && ctx.Err() != nil { // which says nothing of the service
			err = errors.Join(err, errGone)
		}
		return rec, err
	})
}

// errGone is the error of a reading that its caller has ended.
var errGone = errors.New("the caller waits no more")

// errNone is the error of a process that does not know where the order service is.
var errNone = errors.New("the order service cannot be called")

// Missing reports whether the failure of a reading is that there is no record.
func Missing(err error) bool { return fault.CodeOf(err) == fault.NotFound }
