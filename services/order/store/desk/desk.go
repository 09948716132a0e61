// Package desk is the part of the order service's store with which the doctor and operators
// set choreographed orders going again.
package desk

import (
	"context"
	"time"

	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// Change applies move to a choreographed order that it has locked, and writes and tells the
// change that move reports. It fails with CONFLICT, a bug, for an order of another style.
type Change func(ctx context.Context, id string, move func(r *order.Record, now time.Time) (bool, error)) (order.Record, error)

// Desk changes choreographed orders on behalf of the doctor and of operators.
type Desk struct{ change Change }

// New returns a desk of orders that change by change.
func New(change Change) *Desk { return &Desk{change} }

// Nudge tells the newest fact of an order again that is not CONFIRMED, see [course.Nudge].
func (d *Desk) Nudge(ctx context.Context, id string) error {
	_, err := d.change(ctx, id, course.Nudge)
	return err
}
