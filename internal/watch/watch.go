// Package watch finds the orders that need a person, and says why.
//
// Such an order is either flagged, because its saga has recorded a step that makes
// no progress, or stuck: undecided, and its saga cannot even record that. Flags are
// in the order service's record. Stuck orders are found by asking the engine about
// every order that is undecided for long: its workflow may be gone, its code may
// fail, or no worker may take its tasks.
//
// [Watch] lists the flagged orders for an operator. Package stuck finds the stuck ones,
// and package meter measures both for alerts.
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

// Watch lists the orders that need a person. It is safe for concurrent use.
type Watch struct{ c Config }

// New returns a watch over what c describes.
func New(c Config) *Watch { return &Watch{c} }
