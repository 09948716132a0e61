// Package repairs is the part of the order service's store with which the doctor and
// operators set choreographed orders going again.
package repairs

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// Change applies move to a choreographed order that it has locked, and writes and tells the
// change that move reports. It fails with CONFLICT, a bug, for an order of another style, and
// with NOT_FOUND, a bug, for one that was never created.
type Change func(ctx context.Context, id string, move func(r *order.Record, now time.Time) (bool, error)) (order.Record, error)

// Repairs changes orders on behalf of the doctor and of operators.
type Repairs struct{ change, every Change }

var _ course.Repairs = (*Repairs)(nil)

// New returns the repairs of orders. Choreographed ones change by change; every changes those
// of every style, and fails only with NOT_FOUND.
func New(change, every Change) *Repairs { return &Repairs{change, every} }

// Nudge tells the newest fact of an order again that is not CONFIRMED, see [course.Nudge].
func (p *Repairs) Nudge(ctx context.Context, id string) error {
	_, err := p.change(ctx, id, course.Nudge)
	return err
}

// Repair implements [course.Repairs].
func (p *Repairs) Repair(ctx context.Context, id string, q ledger.Repair) (order.Record, error) {
	change, move := p.change, course.Repair
	if q.Action == ledger.Resume || q.Action == ledger.Rerun {
		change, move = p.every, (*order.Record).KeepRepair
	}
	rec, err := change(ctx, id, func(r *order.Record, now time.Time) (bool, error) { return move(r, q, now) })
	if fault.KindOf(err) == fault.Bug && fault.CodeOf(err) == fault.NotFound { // an operator can mistype an id, which is no bug
		err = fault.Errorf(fault.Business, fault.NotFound, "there is no such order")
	}
	return rec, err
}
