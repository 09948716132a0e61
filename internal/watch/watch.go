// Package watch lists the orders that are flagged for an operator, and explains why.
// Package stuck finds the orders that cannot flag themselves, and package meter
// measures both for alerts.
//
// An order is flagged if its saga has recorded a step that makes no progress; the
// flags are in the order service's record. It is stuck if it is undecided for long
// and its saga cannot even record that: its workflow may be gone, its code may fail,
// or no worker may take its tasks. Only the engine knows the stuck ones.
package watch

import (
	"context"

	"github.com/amends/amends/services/order"
)

// Orders is the part of the order service's store that the watch reads.
type Orders interface {
	// List returns the orders that a filter selects, by id.
	List(ctx context.Context, f order.Filter) ([]order.Record, error)
	// Count returns how many orders a filter selects, whatever its limit.
	Count(ctx context.Context, f order.Filter) (int64, error)
}

// Config describes what is watched, and how.
type Config struct {
	// Orders must be set.
	Orders Orders
	// Words explain codes to operators.
	Words Words
}

// Watch lists the orders that are flagged for an operator, or were acknowledged. It is
// safe for concurrent use.
type Watch struct{ c Config }

// New returns a watch over what c describes.
func New(c Config) *Watch { return &Watch{c} }
